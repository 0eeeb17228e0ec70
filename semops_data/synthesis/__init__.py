"""Invent the business, with known answers and planted defects.

Belongs here: generators of customers, products, orders, sessions and events, the answers that every later room
must reproduce, and the defects that the lakehouse must catch.
Does not belong here: files, tables, or anything that reads what was written.
"""
