"""What the shop and its web analytics export: customers, products, campaigns, orders and what becomes of them, visits.

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
PAYMENT_METHODS = ("card", "wallet", "invoice", "transfer")
PAYMENT_STATUSES = ("captured", "failed")
CURRENCIES = ("EUR",)
RETURN_REASONS = ("damaged", "wrong_item", "does_not_fit", "not_as_described", "changed_mind")
UPDATED_STATUSES = ("partially_refunded", "refunded")
TEXT_KINDS = ("product_description", "review", "support_ticket")
TEXT_TOPICS = ("material", "care", "delivery", "damage", "fit", "price", "refund", "warranty")

LATE_DAYS = 2
"""An order is booked at most this many days after it was placed."""
LATER_DAYS = 3
"""A return, and the order's new state with it, follows at most this many days after the order was booked."""

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


BOOKED_DAY = Column(
    "day",
    "string",
    "Calendar day in UTC on which the order was booked, as an ISO date: the day on which it was placed, or up to two "
    "days later where it arrived late.",
    term="day",
)
PAYMENT_DAY = Column("day", "string", "Calendar day in UTC on which the payment's order was booked, as an ISO date.",
                     term="day")  # fmt: skip
UPDATE_DAY = Column("day", "string", "Calendar day in UTC on which the order changed, as an ISO date.", term="day")
RETURN_DAY = Column("day", "string", "Calendar day in UTC on which the goods came back, as an ISO date.", term="day")
STOCK_DAY = Column("day", "string", "Calendar day in UTC of the stocktaking, as an ISO date.", is_key=True, term="day")
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
    Column(
        "updated_at",
        "timestamp",
        "Moment of the last change of the account: the sign-up, a move, a change of mind about messages.",
    ),
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
    BOOKED_DAY,
    Column("order_day", "string", "Calendar day in UTC on which the order was placed, as an ISO date.", term="day"),
    Column("customer_id", "string", "Customer who placed the order.", term="customer"),
    Column("created_at", "timestamp", "Moment at which the order was placed."),
    Column("channel", "string", "Sales channel through which the order was placed.", allowed=CHANNELS),
    Column(
        "financial_status",
        "string",
        "State of the payment when the order was booked: paid, refunded in part or in whole, or cancelled before "
        "shipping.",
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
        "merchandise, so that such an order earns no net revenue. As known when the order was booked.",
        term="refund",
    ),
    cents("shipping_cents", "Shipping charged to the customer; not part of any revenue metric."),
    cents("tax_cents", "Sales tax charged to the customer; not part of any revenue metric."),
    cents("total_cents", "Amount charged when the order was placed: subtotal less discount, plus shipping and tax."),
)

ORDER_ITEMS = (
    Column("order_item_id", "string", "Identifier of the order line.", is_key=True),
    BOOKED_DAY,
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

PAYMENTS = (
    Column("payment_id", "string", "Identifier of the attempt to pay.", is_key=True, term="payment"),
    PAYMENT_DAY,
    Column("order_id", "string", "Order that was to be paid.", term="order"),
    Column("created_at", "timestamp", "Moment of the attempt."),
    Column("method", "string", "Means by which the customer wanted to pay.", allowed=PAYMENT_METHODS),
    Column("status", "string", "Whether the money was captured or the attempt failed.", allowed=PAYMENT_STATUSES),
    Column("currency", "string", "Currency of the amount, ISO 4217; the shop takes only euros.", allowed=CURRENCIES),
    cents("amount_cents", "Amount of the attempt; for a captured payment the whole total of its order."),
)

ORDER_UPDATES = (
    Column("order_id", "string", "Order that changed after it was booked.", is_key=True, term="order"),
    UPDATE_DAY,
    Column("updated_at", "timestamp", "Moment of the change."),
    Column("financial_status", "string", "State of the payment after the change.", allowed=UPDATED_STATUSES),
    cents("refund_cents", "Merchandise value given back for the order in all, as known after the change.",
          term="refund"),
)  # fmt: skip

RETURNS = (
    Column("return_id", "string", "Identifier of the returned order line.", is_key=True, term="return"),
    RETURN_DAY,
    Column("order_id", "string", "Order whose goods came back.", term="order"),
    Column("order_item_id", "string", "Order line whose goods came back."),
    Column("product_id", "string", "Product that came back.", term="product"),
    Column("created_at", "timestamp", "Moment at which the goods came back."),
    Column("reason", "string", "Why the customer sent the goods back.", allowed=RETURN_REASONS),
    Column("quantity", "int64", "Units of the product that came back.", unit="unit", minimum=1, maximum=1000),
    cents("refund_cents", "Merchandise value given back for the returned units.", term="refund"),
)

INVENTORY = (
    Column("product_id", "string", "Product that was counted.", is_key=True, term="product"),
    STOCK_DAY,
    Column("counted_at", "timestamp", "Moment of the stocktaking, at the end of the day."),
    *(
        Column(name, "int64", description, unit="unit", minimum=0, maximum=10_000_000)
        for name, description in (
            ("opening_quantity", "Units in stock as the day began; what was in stock as the day before ended."),
            ("received_quantity", "Units that suppliers delivered on the day."),
            ("sold_quantity", "Units on the order lines that were booked on the day."),
            ("written_off_quantity", "Units that were lost, damaged or corrected on the day."),
            ("closing_quantity", "Units in stock as the day ended: opening and received less sold and written off."),
        )
    ),
)

CAMPAIGNS = (
    Column("campaign_id", "string", "Identifier of the advertising campaign.", is_key=True, term="campaign"),
    Column("name", "string", "Name of the campaign as the marketing team calls it."),
    Column("traffic_source", "string", "Way by which the campaign brings visitors.", allowed=TRAFFIC_SOURCES),
    Column("status", "string", "Whether the campaign is planned, running or over.",
           allowed=("planned", "running", "ended")),
    cents("daily_budget_cents", "Amount that the campaign may spend on one day."),
    Column("starts_at", "timestamp", "First moment of the campaign."),
    Column("ends_at", "timestamp", "Moment at which the campaign is over."),
    Column("updated_at", "timestamp", "Moment of the last change of the status."),
)  # fmt: skip

TEXTS = (
    Column("text_id", "string", "Identifier of the text.", is_key=True),
    Column("day", "string", "Calendar day in UTC on which the text was written, as an ISO date.", term="day"),
    Column("kind", "string", "What the text is: a description, a review or a ticket.", allowed=TEXT_KINDS),
    Column("topic", "string", "What the text is about; known, because it was written about that.",
           allowed=TEXT_TOPICS),
    Column("product_id", "string", "Product that the text is about.", term="product"),
    Column("order_id", "string", "Order that the text is about; null for a description.", nullable=True, term="order"),
    Column("created_at", "timestamp", "Moment at which the text was written."),
    Column("rating", "int64", "Stars that a review gives; null for other texts.", unit="star", nullable=True,
           minimum=1, maximum=5),
    Column("title", "string", "Heading of the text."),
    Column("body", "string", "The text itself, in English."),
)  # fmt: skip

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
    Column("campaign_id", "string", "Campaign that brought the visitor; null where none did.", nullable=True,
           term="campaign"),
    Column("landing_page", "string", "Path of the first page that the visitor saw.", nullable=True),
)  # fmt: skip

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
