"""The texts of the benchmarks: intents of 8 to 16 tokens, and texts of 42 and 242 tokens."""

INTENTS = (
    "route requests about travel bookings",
    "match definitions of birds to their names",
    "find the right answer for questions about credit card payments",
    "sort what people say to their smart home into the right command",
    "tell which recipe or kitchen question a cook is asking",
    "match definitions of lizards and snakes to their names",
    "understand what a driver wants from the car's assistant",
    "classify questions of bank customers about lost or stolen cards",
    "match short descriptions of musical instruments to the word for them",
    "work out whether somebody wants an alarm, a timer or a reminder",
    "answer small talk and questions about the assistant itself",
    "match a dictionary gloss to the verb of movement that it describes",
    "route a worker's requests about holidays, meetings and pay",
    "recognise which exchange rate or transfer problem a customer reports",
    "match definitions of garments and shoes to their names",
    "decide which music, radio or podcast a listener asks for",
)

# 40 and 240 pieces between the first and the last special token; each word is one piece.
TOKENS_42 = " ".join(["tell which recipe or kitchen question a cook is asking"] * 4)
TOKENS_242 = " ".join(["tell which recipe or kitchen question a cook is asking"] * 24)
