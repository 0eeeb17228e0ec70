"""The phrases that free texts are put together from, by kind or by topic."""

from __future__ import annotations

OPENINGS = {
    "product_description": ("Meet the", "For every day: the", "Made to last, the", "A favourite of our customers, the"),
    "review": ("Two days ago I received the", "My family has tried the", "I ordered the", "This is about the"),
    "support_ticket": ("I am writing about the", "Please help me with the", "I have sent back the", "This concerns my"),
}
"""By kind; the name of the product follows."""
DETAILS = {
    "material": (
        "Its material feels different from what the page says",
        "The material is dense and has an even surface",
        "What it is made of decides how long it lasts",
    ),
    "care": (
        "It can be cleaned with lukewarm water and mild soap",
        "Keep it dry and away from direct sunlight",
        "A soft cloth is all the care that it needs",
    ),
    "delivery": (
        "The parcel was left with a neighbour and nobody told me",
        "The delivery came a day later than promised",
        "Another article than the one that I ordered was in the box",
    ),
    "damage": (
        "It arrived with a crack on one side",
        "The box was crushed and the article in it was damaged",
        "One part was broken when I opened the parcel",
    ),
    "fit": (
        "It is smaller than the size table says",
        "The size does not fit although I measured twice",
        "It is too wide for the place where it should go",
    ),
    "price": (
        "The price has changed since I put it into the cart",
        "For this price I would buy it again",
        "Elsewhere I have seen it at a lower price",
    ),
    "refund": (
        "I changed my mind and would like to have my money back",
        "The refund has not reached my account yet",
        "Please refund the line that I sent back",
    ),
    "warranty": (
        "The warranty covers two years from the day of the purchase",
        "Defects in material and workmanship are covered by the warranty",
        "Keep the invoice: it is the proof for the warranty",
    ),
}
"""By topic."""
CLOSINGS = {
    "product_description": ("It comes in a recycled box.", "Returns are free for 30 days.", "Designed with care."),
    "review": ("I hope this helps others.", "That is all that I can say so far.", "I would tell a friend about it."),
    "support_ticket": ("Please answer by e-mail.", "What should I do next?", "Thank you for your help."),
}
"""By kind."""
TITLES = {
    "material": ("what it is made of", "its material"),
    "care": ("how to care for it", "cleaning and care"),
    "delivery": ("the delivery", "how it was delivered"),
    "damage": ("arrived damaged", "a broken part"),
    "fit": ("the size", "how it fits"),
    "price": ("the price", "worth its price"),
    "refund": ("a refund", "money back"),
    "warranty": ("the warranty", "what is covered"),
}
"""By topic."""
RATINGS = (4, 4, 2, 1, 2, 5, 3, 4)
"""Stars of a review, for each topic in the order of the contract."""
