"""The policies: 22 documents written for this benchmark, each with one change that touches the rule's figures."""

from __future__ import annotations

from benchmarks.policies.policy import Policy, Value, Wording


def _parcel(w: Wording, kg: int) -> Value:
    return int(w["each"]) * kg + int(w["base"])


def _allowance(w: Wording, hours: int) -> Value:
    return int(w["full"]) if hours >= 24 else int(w["part"]) if hours > int(w["from_"]) else 0


def _late_fee(w: Wording, days: int) -> Value:
    return max(0, days - int(w["grace"])) * int(w["fee"])


def _discount(w: Wording, pieces: int) -> Value:
    return int(w["percent"]) if pieces >= int(w["many"]) else 0


def _leave(w: Wording, years: int) -> Value:
    return min(int(w["least"]) + years, int(w["most"]))


def _tiers(w: Wording, units: int) -> Value:
    first = min(units, int(w["limit"]))
    return first * int(w["low"]) + (units - first) * int(w["high"])


def _room(w: Wording, nights: int, guests: int) -> Value:
    return nights * (int(w["room"]) + guests * int(w["guest"]))


def _invoice(w: Wording, year: int, number: int) -> Value:
    return f"R{year}-{number:0{int(w['digits'])}d}"


def _grade(w: Wording, points: int) -> Value:
    return "distinction" if points >= int(w["top"]) else "pass" if points >= int(w["pass_"]) else "fail"


def _bonus(w: Wording, sales: int) -> Value:
    return sales // int(w["step"]) * int(w["bonus"])


def _mileage(w: Wording, km: int) -> Value:
    return round(km * float(w["rate"]), 2)


def _deposit(w: Wording, price: int) -> Value:
    return max(int(w["least"]), price * int(w["percent"]) // 100)


def _overtime(w: Wording, hours: int) -> Value:
    normal = min(hours, int(w["week"]))
    return normal * 20 + (hours - normal) * int(w["over"])


def _parking(w: Wording, hours: int) -> Value:
    return min(hours * int(w["hour"]), int(w["most"]))


def _shelf(w: Wording, row: int, box: int) -> Value:
    return f"{'ABCDEFGHIJ'[row - 1]}{int(w['first']) + box}"


def _approval(w: Wording, amount: int) -> Value:
    return "board" if amount > int(w["board"]) else "manager" if amount > int(w["manager"]) else "nobody"


def _water(w: Wording, plants: int, days: int) -> Value:
    return plants * days * int(w["litres"])


def _refund(w: Wording, price: int, days: int) -> Value:
    return price if days <= int(w["full"]) else price // 2 if days <= int(w["half"]) else 0


def _share(w: Wording, total: int, people: int) -> Value:
    return round((total + int(w["tip"])) / people, 2)


def _seats(w: Wording, guests: int) -> Value:
    return -(-guests // int(w["seats"]))


def _dose(w: Wording, weight: int) -> Value:
    return min(weight * int(w["each"]), int(w["most"]))


def _ticket(w: Wording, age: int) -> Value:
    return 0 if age < int(w["child"]) else int(w["reduced"]) if age >= int(w["old"]) else int(w["full"])


_OFFICE = "Agreed in the meeting of March and signed by all three partners."
_SHOP = "For all our shops, the one at the station included."
_HOUSE = "For everybody who works, lives or stays in the house."

POLICIES = (
    Policy(
        *("parcel", "Shipping", "Cost of a parcel", _SHOP),
        "A parcel costs {each} EUR for each kilogram, and {base} EUR on top.",
        *({"each": 4, "base": 3}, {"each": 5, "base": 3}),
        *(_parcel, "{0} kg", "What does it cost to ship a parcel of {0} kg? Only the number of EUR."),
        *(((2,), (5,), (10,), (1,)), ((7,), (12,), (3,))),
    ),
    Policy(
        *("allowance", "Business trips", "Meal allowance", _OFFICE),
        "A trip of 24 hours or more is paid {full} EUR, one of more than {from_} hours {part} EUR, a shorter one 0.",
        *({"full": 28, "part": 14, "from_": 8}, {"full": 32, "part": 16, "from_": 8}),
        *(_allowance, "{0} hours", "What meal allowance is paid for a trip of {0} hours? Only the number of EUR."),
        *(((24,), (9,), (8,), (30,)), ((12,), (26,), (5,))),
    ),
    Policy(
        *("late", "Library", "Late fee", _HOUSE),
        "A book may be {grace} days late without a fee. Each further day costs {fee} cents.",
        *({"grace": 3, "fee": 20}, {"grace": 5, "fee": 20}),
        *(_late_fee, "{0} days late", "What is the late fee for a book that is {0} days late? Only the cents."),
        *(((10,), (3,), (4,), (6,)), ((8,), (15,), (2,))),
    ),
    Policy(
        *("discount", "Price list", "Quantity discount", _SHOP),
        "An order of {many} pieces or more gets {percent} percent off, any smaller one 0 percent.",
        *({"many": 50, "percent": 12}, {"many": 40, "percent": 12}),
        *(_discount, "{0} pieces", "Which quantity discount does an order of {0} pieces get? Only the percent."),
        *(((50,), (49,), (60,), (10,)), ((45,), (80,), (30,))),
    ),
    Policy(
        *("leave", "Working here", "Days of leave", _OFFICE),
        "Everybody has {least} days of leave and one more for each whole year with us, but never more than {most}.",
        *({"least": 24, "most": 30}, {"least": 25, "most": 30}),
        *(_leave, "{0} years", "How many days of leave has somebody who is with us for {0} years? Only the number."),
        *(((0,), (3,), (6,), (9,)), ((2,), (4,), (20,))),
    ),
    Policy(
        *("power", "Workshop", "Price of electricity", _HOUSE),
        "The first {limit} units cost {low} cents each, every further unit costs {high} cents.",
        *({"limit": 100, "low": 20, "high": 30}, {"limit": 100, "low": 25, "high": 30}),
        *(_tiers, "{0} units", "What do {0} units of electricity cost in the workshop? Only the cents."),
        *(((100,), (150,), (40,), (101,)), ((120,), (60,), (200,))),
    ),
    Policy(
        *("room", "Guest house", "Price of a stay", _HOUSE),
        "A stay costs {room} EUR for each night, and {guest} EUR more for each guest and night.",
        *({"room": 40, "guest": 15}, {"room": 45, "guest": 15}),
        *(_room, "{0} nights, {1} guests", "What does a stay of {0} nights for {1} guests cost? Only the EUR."),
        *(((2, 1), (1, 4), (3, 2), (5, 3)), ((4, 2), (2, 3), (7, 1))),
    ),
    Policy(
        *("invoice", "Bookkeeping", "Invoice numbers", _OFFICE),
        "An invoice number is the letter R, the year, a hyphen and the running number in {digits} digits.",
        *({"digits": 4}, {"digits": 6}),
        *(_invoice, "year {0}, number {1}", "Write the invoice number for the year {0} and the running number {1}."),
        *(((2025, 7), (2026, 31), (2024, 120), (2026, 5)), ((2026, 42), (2025, 9), (2027, 305))),
    ),
    Policy(
        *("grade", "Courses", "Result of a test", _OFFICE),
        'With {top} points or more the result is "distinction", with {pass_} or more "pass", otherwise "fail".',
        *({"top": 90, "pass_": 60}, {"top": 85, "pass_": 60}),
        *(_grade, "{0} points", "What is the result of a test with {0} points? Only the word."),
        *(((95,), (60,), (59,), (84,)), ((87,), (70,), (40,))),
    ),
    Policy(
        *("bonus", "Sales", "Monthly bonus", _SHOP),
        "For every full {step} EUR of sales in a month the bonus is {bonus} EUR.",
        *({"step": 1000, "bonus": 15}, {"step": 1000, "bonus": 18}),
        *(_bonus, "{0} EUR", "What is the monthly bonus for sales of {0} EUR? Only the number of EUR."),
        *(((1000,), (4500,), (999,), (2000,)), ((7300,), (3000,), (800,))),
    ),
    Policy(
        *("mileage", "Own cars", "Mileage", _OFFICE),
        "Driving your own car is paid {rate} EUR for each kilometre, written with two decimals.",
        *({"rate": 0.3}, {"rate": 0.35}),
        *(_mileage, "{0} km", "What is paid for driving {0} km with one's own car? Only the EUR with two decimals."),
        *(((10,), (25,), (101,), (3,)), ((40,), (7,), (150,))),
    ),
    Policy(
        *("deposit", "Rentals", "Deposit", _SHOP),
        "The deposit is {percent} percent of the price, without cents, but at least {least} EUR.",
        *({"percent": 20, "least": 25}, {"percent": 30, "least": 25}),
        *(_deposit, "price {0} EUR", "What is the deposit for a rental with a price of {0} EUR? Only the EUR."),
        *(((200,), (100,), (555,), (40,)), ((300,), (150,), (60,))),
    ),
    Policy(
        *("overtime", "Wages", "Pay of a week", _OFFICE),
        "The first {week} hours of a week are paid 20 EUR each, every further hour {over} EUR.",
        *({"week": 38, "over": 25}, {"week": 36, "over": 25}),
        *(_overtime, "{0} hours", "What is the pay of a week with {0} hours? Only the number of EUR."),
        *(((38,), (40,), (20,), (45,)), ((42,), (37,), (30,))),
    ),
    Policy(
        *("parking", "Car park", "Parking fee", _HOUSE),
        "Parking costs {hour} EUR for each hour, but never more than {most} EUR a day.",
        *({"hour": 2, "most": 14}, {"hour": 3, "most": 14}),
        *(_parking, "{0} hours", "What is the parking fee for {0} hours on one day? Only the number of EUR."),
        *(((1,), (4,), (8,), (7,)), ((3,), (2,), (10,))),
    ),
    Policy(
        *("shelf", "Archive", "Shelf marks", _OFFICE),
        "A shelf mark is the letter of the row, A for row 1, B for row 2 and so on, and behind it the number of the "
        "box plus {first}.",
        *({"first": 100}, {"first": 200}),
        *(_shelf, "row {0}, box {1}", "What is the shelf mark of row {0}, box {1}?"),
        *(((1, 5), (2, 17), (4, 40), (3, 8)), ((5, 12), (2, 33), (7, 9))),
    ),
    Policy(
        *("approval", "Purchases", "Who approves", _OFFICE),
        'Above {board} EUR the answer is "board", above {manager} EUR "manager", otherwise "nobody".',
        *({"board": 5000, "manager": 500}, {"board": 4000, "manager": 500}),
        *(_approval, "{0} EUR", "Who approves a purchase of {0} EUR? Only the word."),
        *(((5001,), (501,), (500,), (3000,)), ((4500,), (900,), (100,))),
    ),
    Policy(
        *("water", "Garden", "Watering", _HOUSE),
        "Each plant takes {litres} litres of water each day.",
        *({"litres": 3}, {"litres": 4}),
        *(_water, "{0} plants, {1} days", "How many litres of water do {0} plants take in {1} days? Only the number."),
        *(((2, 5), (10, 1), (4, 7), (3, 3)), ((6, 2), (5, 8), (12, 4))),
    ),
    Policy(
        *("refund", "Returns", "Refund", _SHOP),
        "Until {full} days after the purchase the whole price is refunded, until {half} days half of it without cents, "
        "and later 0.",
        *({"full": 14, "half": 30}, {"full": 21, "half": 30}),
        *(_refund, "{0} EUR, {1} days", "What is refunded of a price of {0} EUR after {1} days? Only the EUR."),
        *(((80, 14), (60, 25), (51, 30), (90, 31)), ((40, 18), (70, 10), (100, 45))),
    ),
    Policy(
        *("share", "Kitchen", "Share of a bill", _HOUSE),
        "To the bill {tip} EUR are added, and the sum is divided by the number of people; written with two decimals.",
        *({"tip": 6}, {"tip": 9}),
        *(_share, "bill {0} EUR, {1} people", "What is each share of a bill of {0} EUR for {1} people? Two decimals."),
        *(((54, 4), (30, 3), (94, 8), (12, 2)), ((42, 6), (75, 9), (20, 4))),
    ),
    Policy(
        *("tables", "Events", "Number of tables", _HOUSE),
        "A table seats {seats} guests; there are always as many tables as it takes to seat all guests.",
        *({"seats": 8}, {"seats": 6}),
        *(_seats, "{0} guests", "How many tables are needed for {0} guests? Only the number."),
        *(((8,), (9,), (40,), (1,)), ((20,), (65,), (12,))),
    ),
    Policy(
        *("feed", "Stable", "Daily feed", _HOUSE),
        "An animal gets {each} grams of feed a day for each kilogram of its weight, but never more than {most} grams.",
        *({"each": 20, "most": 6000}, {"each": 25, "most": 6000}),
        *(_dose, "{0} kg", "How many grams of feed does an animal of {0} kg get a day? Only the number."),
        *(((100,), (250,), (400,), (12,)), ((150,), (80,), (500,))),
    ),
    Policy(
        *("ticket", "Museum", "Price of a ticket", _SHOP),
        "Visitors under {child} years pay 0, those of {old} years or more {reduced} EUR, and all others {full} EUR.",
        *({"child": 6, "old": 65, "reduced": 5, "full": 9}, {"child": 6, "old": 65, "reduced": 5, "full": 11}),
        *(_ticket, "{0} years", "What does a ticket cost for a visitor of {0} years? Only the number of EUR."),
        *(((5,), (6,), (65,), (40,)), ((30,), (70,), (3,))),
    ),
)
