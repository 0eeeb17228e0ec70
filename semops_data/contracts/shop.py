"""What the shop and its web analytics export: customers, products, orders, order items, sessions, events.

Belongs here: the meaning of every exported column, once. `business` builds the tables of the rooms from it.
"""

from __future__ import annotations

from semops_data.contracts.types import Column

MAX_CENTS = 10_000_000_000
COUNTRIES = ("AT", "BE", "CH", "DE", "ES", "FR", "IT", "NL", "PL", "SE")
CATEGORIES = ("apparel", "beauty", "electronics", "garden", "home", "kitchen", "sports", "toys")
CHANNELS = ("web", "app", "marketplace", "store")
FINANCIAL_STATUSES = ("paid", "partially_refunded", "refunded", "cancelled")
DEVICES = ("desktop", "mobile", "tablet")
TRAFFIC_SOURCES = ("direct", "email", "organic", "paid", "referral", "social")
FUNNEL_STEPS = ("view", "add_to_cart", "begin_checkout", "purchase")

DAY = Column(
    "day",
    "string",
    "Calendar day in UTC on which the recorded thing happened, as an ISO date.",
    is_key=True,
    term="day",
)


def cents(name: str, description: str, *, term: str | None = None, nullable: bool = False) -> Column:
    """A column of money: whole euro cents, never negative."""
    return Column(
        name, "int64", description, unit="EUR cent", term=term, nullable=nullable, minimum=0, maximum=MAX_CENTS
    )


ORDER_DAY = Column("day", "string", "Calendar day in UTC on which the order was placed, as an ISO date.", term="day")
SESSION_DAY = Column("day", "string", "Calendar day in UTC on which the session started, as an ISO date.", term="day")
EVENT_DAY = Column("day", "string", "Calendar day in UTC on which the event happened, as an ISO date.", term="day")

CUSTOMERS = (
    Column(
        "customer_id", "string", "Identifier of the customer account, given at sign-up.", is_key=True, term="customer"
    ),
    Column("email", "string", "E-mail address of the account; synthetic, in a domain reserved for examples."),
    Column("first_name", "string", "Given name of the customer."),
    Column("last_name", "string", "Family name of the customer."),
    Column(
        "city", "string", "City of the customer's default address; null where no address was entered.", nullable=True
    ),
    Column("country", "string", "Country of the customer's default address, ISO 3166 alpha-2.", allowed=COUNTRIES),
    Column("is_marketing_accepted", "bool", "Whether the customer agreed to receive marketing messages."),
    Column("created_at", "timestamp", "Moment of the sign-up."),
    Column("updated_at", "timestamp", "Moment of the customer's last sign-up, session or order in this export."),
)

PRODUCTS = (
    Column("product_id", "string", "Identifier of the product in the catalogue.", is_key=True, term="product"),
    Column("title", "string", "Name of the product as the shop shows it."),
    Column("category", "string", "Shelf of the catalogue to which the product belongs.", allowed=CATEGORIES),
    Column("vendor", "string", "Company that supplies the product."),
    cents("unit_price_cents", "List price of one unit before any discount.", term="unit-price"),
    Column("created_at", "timestamp", "Moment at which the product entered the catalogue."),
    Column("updated_at", "timestamp", "Moment of the last change of the list price."),
)

ORDERS = (
    Column("order_id", "string", "Identifier of the order, given when it is placed.", is_key=True, term="order"),
    ORDER_DAY,
    Column("customer_id", "string", "Customer who placed the order.", term="customer"),
    Column("created_at", "timestamp", "Moment at which the order was placed."),
    Column("channel", "string", "Sales channel through which the order was placed.", allowed=CHANNELS),
    Column(
        "financial_status",
        "string",
        "State of the payment: paid, refunded in part or in whole, or cancelled before shipping.",
        allowed=FINANCIAL_STATUSES,
    ),
    cents(
        "subtotal_cents",
        "Merchandise of the order at list price: quantity times unit price over its items, before discounts, "
        "refunds, shipping and tax. Summed over orders this is the gross merchandise value.",
        term="gross-merchandise-value",
    ),
    cents("discount_cents", "Price reductions granted on the order's items.", term="discount"),
    cents(
        "refund_cents",
        "Merchandise value given back to the customer; for refunded and cancelled orders all that was paid for the "
        "merchandise, so that such an order earns no net revenue.",
        term="refund",
    ),
    cents("shipping_cents", "Shipping charged to the customer; not part of any revenue metric."),
    cents("tax_cents", "Sales tax charged to the customer; not part of any revenue metric."),
    cents("total_cents", "Amount charged when the order was placed: subtotal less discount, plus shipping and tax."),
)

ORDER_ITEMS = (
    Column("order_item_id", "string", "Identifier of the order line.", is_key=True),
    ORDER_DAY,
    Column("order_id", "string", "Order to which the line belongs.", term="order"),
    Column("product_id", "string", "Product that was ordered.", term="product"),
    Column(
        "quantity",
        "int64",
        "Units of the product on this line.",
        unit="unit",
        term="units-sold",
        minimum=1,
        maximum=1000,
    ),
    cents(
        "unit_price_cents", "List price of one unit on the day of the order, before any discount.", term="unit-price"
    ),
    cents("discount_cents", "Price reduction granted on the whole line.", term="discount"),
)

SESSIONS = (
    Column("session_id", "string", "Identifier of the visit to the web shop.", is_key=True, term="session"),
    SESSION_DAY,
    Column(
        "customer_id",
        "string",
        "Customer who was logged in during the session; null for an anonymous visitor.",
        nullable=True,
        term="customer",
    ),
    Column("started_at", "timestamp", "Moment of the session's first event."),
    Column("device", "string", "Class of the visitor's device.", allowed=DEVICES),
    Column("traffic_source", "string", "Way by which the visitor came to the web shop.", allowed=TRAFFIC_SOURCES),
    Column("landing_page", "string", "Path of the first page that the visitor saw.", nullable=True),
)

EVENTS = (
    Column("event_id", "string", "Identifier of the event.", is_key=True),
    EVENT_DAY,
    Column("session_id", "string", "Session in which the event happened.", term="session"),
    Column("event_at", "timestamp", "Moment at which the event happened."),
    Column("event_name", "string", "Step of the funnel that the event marks.", allowed=FUNNEL_STEPS,
           term="funnel-step"),
    Column("product_id", "string", "Product that was viewed or put into the cart; null in later steps.", nullable=True,
           term="product"),
    Column("quantity", "int64", "Units put into the cart or bought; null where the step has none.", unit="unit",
           nullable=True, minimum=1, maximum=100_000),
    cents("value_cents", "Value at list price of the product, or of the whole order at purchase; null in other steps.",
          nullable=True),
    Column("order_id", "string", "Order that the purchase step created; null in every other step.", nullable=True,
           term="order"),
)  # fmt: skip
