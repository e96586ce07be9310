"""HTTP as cameras speak it: addresses, login, certificates, and answers that never end."""
