"""The demo: a hub, four sites and a simulated campus on one computer, walked through by the public doors only."""
