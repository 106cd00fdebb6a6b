"""Contacts in texts: one text in, the places of e-mail addresses, phone numbers and handles in it out."""
