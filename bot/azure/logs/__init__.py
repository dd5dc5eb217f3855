"""Firewall logs in Log Analytics: where they are, what is asked, what is answered."""
