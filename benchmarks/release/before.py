"""What the fleet before two colours cost: one set of replicas, changed one by one (measured at 66bd076).

Docker Swarm on one node with two replicas, HAProxy and Redis, two cores that also carried the load; 10 messages a
second.
"""

BEFORE = {
    "quiet": "250, 0; 68 / 260",
    "good release": "508, 0; 168–526 / 1,260–1,830; 41–43 s",
    "wrong wording": "212, 0; 525 / 1,550; 12 s",
    "no room": "1,342, 0; 96 / 370; 120 s",
    "one replica a node": "828, 0; 194 / 1,680; 51 s",
    "wrong Redis": "932, **102**; 14,900 / 24,200",
    "wrong Redis, no one writes": "60, **60**: went live",
    "memory limit": "179, 0; 1,513 / 1,520",
    "typo in haproxy.cfg": "708, **98**",
    "replica killed": "154, 0; 168 / 1,030; 7.3 s",
    "proxy killed": "102, 17; 1.9 s",
    "Redis killed": "87, 17; 1.6 s",
    "all replicas gone": "200, 200; not seen by the monitor",
    "rollback, warm": "353, 0; 135 / 340; 27.2 s, mixed for 6.7 s",
    "rollback, cold": "353, 0; 135 / 340; 27.2 s, mixed for 6.7 s",
    "node lost": "249, 0; 186 / 8,100; 17.8 s",
    "long conversation": "messages 1–5: 13–25 ms; 96–100: 830–965 ms",
}
"""By row: requests and failed ones; p95 / longest answer in ms; seconds by the clock."""
