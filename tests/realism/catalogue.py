#!/usr/bin/env python3
"""Writes config/practice_catalog_large.ron: 1,000 products in 40 categories, the same each time.

    python3 tests/realism/catalogue.py > config/practice_catalog_large.ron

Categories and brands of the small catalogue are all there, so that coupons and preferences stay
good. Prices keep their proportions (a kind's typical price, its size, its brand); overall they are
laid along the quantiles below.
"""

import itertools
import random
import re
import sys

PER_CATEGORY = 25
# Ways that cost more.
BETTER = ("Organic", "Free Range", "Wild Caught", "Gluten Free")
# Quantile of a product among all, price in dollars.
QUANTILES = [(0.0, 0.89), (0.1, 1.79), (0.5, 5.19), (0.9, 11.99), (1.0, 34.99)]

# Category, brands with how dear they are, kinds with a typical price, ways they come, sizes with
# their part of the price.
SHELVES = """
Produce|Sunfield 1,Green Acre 1.1,Meadow Lane 0.8,Orchard Row 1.2|Bananas 1.6,Gala Apples 3.5,Navel Oranges 4,Avocados 4.5,Baby Spinach 3.8,Romaine Hearts 3.5,Carrots 2,Cherry Tomatoes 3.5,Blueberries 5|,Organic|small 0.7,large 1.3
Dairy|Hillside 1,Nordvik 1.4,Meadow Lane 0.8,Alpenrose Farm 1.2|Whole Milk 3.8,Skim Milk 3.6,Greek Yogurt 4.5,Sour Cream 2.5,Cultured Butter 5.5,Heavy Cream 4,Cottage Cheese 3.5,Kefir 4.5|,Organic|small 0.7,family size 1.5
Bakery|Hearthstone 1,Old Mill 0.9,Wheatfield 0.7,Maison Levain 1.5|Sourdough Loaf 5.5,Rye Bread 4.5,Bagels 4.5,Butter Croissants 6.5,Hamburger Buns 3.5,Pita Bread 3,Cinnamon Rolls 5.5|,Whole Grain|half 0.7,whole 1
Meat|Prairie Gold 1.1,Old Mill 1,Ridgeback Ranch 1.3,Valley Farms 0.8|Chicken Breast 9,Ground Beef 8,Ribeye Steak 16,Pork Chops 8,Smoked Bacon 7,Italian Sausage 6,Turkey Thighs 7|,Free Range|1 lb 0.8,2 lb 1.5
Seafood|Nordvik 1.2,Harbor Light 1,Blue Shoal 0.8,Captain Arne 0.9|Atlantic Salmon 14,Jumbo Shrimp 13,Cod Fillets 10,Tuna Steak 13,Tilapia Fillets 8,Bay Scallops 15|,Wild Caught|12 oz 0.8,2 lb 1.7
Frozen|Trattoria Rossi 1.2,Green Acre 0.9,Snowcap 1,Polar Pantry 0.7|Margherita Pizza 6,Garden Peas 2.2,Sweet Corn 2.2,Belgian Waffles 4,Potato Fries 3.5,Mixed Berries 7,Broccoli Florets 2.8|,Organic|small 0.8,large 1.4
Beverages|Sunfield 1,Clearwell 0.9,Daybreak 1.2,Fizzworks 0.7|Cola 2.2,Lemonade 3,Ginger Ale 2.5,Root Beer 2.2,Iced Tea 2.8,Energy Drink 2.6,Sports Drink 2|,Zero|1 bottle 0.7,6 ct 1.9
Snacks|Crunchwell 1,Casa Verde 1.1,Golden Comb 1.2,Trailhead 0.8|Potato Chips 3.2,Tortilla Chips 3.2,Pretzels 2.8,Popcorn 2.6,Granola Bars 3.8,Rice Cakes 2.6,Trail Mix 6|Sea Salt,Spicy|small 0.6,family size 1.4
Candy|Cacao & Co 1.3,Golden Comb 1,Sugarlane 0.7,Bluebell 0.9|Milk Chocolate Bar 2.2,Dark Chocolate Bar 2.6,Gummy Bears 2.2,Caramels 3.2,Peppermints 1.6,Licorice 2,Toffee 3|,Assorted|single 0.5,bag 1.3
Breakfast|Hillcrest 1,Golden Comb 1.2,Wheatfield 0.7,Sunrise Mills 0.9|Corn Flakes 3.8,Oat Rings 4,Granola 5.5,Rolled Oats 4,Pancake Mix 3.8,Maple Syrup 8,Muesli 5.5|,Honey|small 0.8,family size 1.4
Pantry|Old Mill 1,Hillcrest 1.1,Lotus Garden 1.1,Homestead 0.7|Peanut Butter 4,Strawberry Jam 3.8,Honey 6.5,Soy Sauce 3,Instant Noodles 1.2,Bread Crumbs 2.2,Taco Shells 2.5|,Organic|small 0.8,large 1.4
Pasta|Trattoria Rossi 1.2,Old Mill 0.9,Casa Bianca 1.5,Homestead 0.7|Spaghetti 1.8,Penne 1.8,Fusilli 1.8,Lasagna Sheets 2.8,Egg Noodles 2.4,Linguine 2,Macaroni 1.5|,Whole Wheat|12 oz 0.8,32 oz 1.7
Canned Goods|Harbor Light 1.1,Casa Verde 1,Green Acre 1,Homestead 0.7|Black Beans 1.2,Diced Tomatoes 1.4,Sweet Corn 1.2,Chunk Tuna 1.8,Chickpeas 1.3,Peach Halves 2.4,Green Beans 1.2|,Low Sodium|1 can 0.9,4 ct 2.8
Condiments|Casa Verde 1,Lotus Garden 1.1,Hillcrest 1,Homestead 0.7|Tomato Ketchup 3,Yellow Mustard 2,Mayonnaise 4.2,Salsa 3.5,Hot Sauce 2.8,Barbecue Sauce 2.8,Dill Pickles 3.8|,Spicy|small 0.7,large 1.4
Baby|Little Acorn 1,Softleaf 1.1,Tiny Steps 0.8,Lullaby Lane 1.3|Diapers 19,Baby Wipes 5,Apple Puree 1.6,Infant Formula 24,Teething Biscuits 3.5,Baby Shampoo 5.5|,Sensitive|small 0.7,value pack 1.5
Pet|Trusty 1,Wagtail 0.8,Whiskerfield 1.1,Noble Paw 1.4|Dry Dog Food 15,Dry Cat Food 12,Wet Cat Food 1.4,Dog Biscuits 5,Cat Litter 9,Chew Sticks 6|Chicken,Salmon|small 0.6,large 1.6
Cleaning|Brightline 1,Wellmark 0.8,Ecowell 1.3,Sparrow 0.7|Dish Soap 3,Glass Cleaner 3.5,All-Purpose Cleaner 4,Bleach 3.5,Scrub Sponges 3,Floor Cleaner 5.5,Dishwasher Tablets 10|Lemon,Unscented|small 0.7,refill 1.5
Paper Goods|Softleaf 1,Wellmark 0.8,Cloudnine 1.3,Homestead 0.7|Paper Towels 8,Bath Tissue 9,Facial Tissue 3,Paper Plates 4,Napkins 3,Freezer Bags 4,Aluminum Foil 5|,Extra Strong|small 0.6,value pack 1.7
Personal Care|Vitalis 1,Softleaf 0.9,Lumen 1.3,Plainly 0.7|Body Wash 6,Hand Soap 3,Deodorant 5,Body Lotion 7,Shaving Gel 4,Sunscreen 10,Cotton Swabs 3|Unscented,Aloe|travel size 0.5,large 1.3
Health|Vitalis 1.1,Wellmark 0.9,Plainly 0.7,Nature's Ledger 1.3|Vitamin C 9,Multivitamin 12,Ibuprofen 8,Cough Drops 3,Adhesive Bandages 4,Antacid Tablets 6,Fish Oil 14|,Extra Strength|30 ct 0.7,100 ct 1.6
Deli|Hillside 1,Prairie Gold 1.2,Corner Counter 0.8,Salumeria Nino 1.5|Sliced Turkey 6,Honey Ham 5.5,Genoa Salami 6,Hummus 4,Potato Salad 4,Coleslaw 3.5,Roast Beef 7.5|,Reduced Fat|8 oz 0.8,16 oz 1.5
Cheese|Hillside 1,Nordvik 1.3,Alpenrose Farm 1.2,Creamery Road 0.8|Sharp Cheddar 5,Mozzarella 4.5,Swiss Slices 5,Parmesan 7,Cream Cheese 3,Feta 5,Gouda 6.5|,Reduced Fat|8 oz 0.8,16 oz 1.6
Eggs|Hillside 1,Sunrise Mills 0.8,Meadow Lane 0.9,Alpenrose Farm 1.3|Large Eggs 3.5,Brown Eggs 4,Free Range Eggs 5.5,Egg Whites 4.5,Jumbo Eggs 4|,Organic|6 ct 0.6,12 ct 1,18 ct 1.4
Soup|Green Acre 1,Homestead 0.7,Hearthstone 1.2,Lotus Garden 1.1|Chicken Noodle Soup 2.2,Tomato Soup 1.8,Minestrone 2.6,Lentil Soup 2.6,Clam Chowder 3.2,Vegetable Broth 2.6,Miso Soup 2.8|,Low Sodium|1 can 0.8,family size 1.6
Grains|Old Mill 1,Lotus Garden 1.1,Homestead 0.7,Casa Verde 1|White Rice 3,Brown Rice 3.2,Quinoa 5.5,Couscous 3.2,Red Lentils 2.6,Pearl Barley 2.4,Basmati Rice 5|,Organic|1 lb 0.7,5 lb 2
Baking|Old Mill 1,Wheatfield 0.7,Cacao & Co 1.4,Homestead 0.8|All-Purpose Flour 3,Granulated Sugar 3,Baking Powder 2.4,Vanilla Extract 7,Chocolate Chips 3.8,Brownie Mix 3,Dry Yeast 2.4|,Organic|small 0.7,large 1.5
Spices|Golden Comb 0.9,Lotus Garden 1,Saffron Road 1.4,Homestead 0.6|Black Pepper 4.5,Ground Cinnamon 3.5,Smoked Paprika 4,Garlic Powder 3,Oregano 3,Cumin 3.5,Sea Salt 2|,Organic|2 oz 0.8,6 oz 1.6
Oils|Casa Verde 1,Trattoria Rossi 1.4,Homestead 0.7,Olivar 1.6|Olive Oil 9,Canola Oil 4.5,Sesame Oil 5,Coconut Oil 7,Balsamic Vinegar 5,Apple Cider Vinegar 3.5|,Organic|small 0.7,large 1.6
Coffee|Daybreak 1,Cacao & Co 1.3,Homestead 0.7,Northstar Roasters 1.5|Ground Coffee 8,Whole Bean Coffee 10,Coffee Pods 9,Instant Coffee 6,Cold Brew 5,Espresso Beans 11|,Decaf|small 0.7,large 1.6
Tea|Daybreak 1,Lotus Garden 1.1,Plainly 0.7,Hillcrest 1.2|Green Tea 4,Black Tea 3.5,Chamomile Tea 4,Peppermint Tea 4,Earl Grey 4.2,Chai 4.8|,Organic|20 bags 0.7,40 bags 1.2,80 bags 2
Juice|Sunfield 1,Orchard Row 1.2,Clearwell 0.8,Homestead 0.7|Orange Juice 4,Apple Juice 3,Cranberry Juice 3.8,Grape Juice 3.5,Carrot Juice 4.5,Pineapple Juice 3|,No Sugar Added|small 0.5,64 oz 1.2
Water|Clearwell 1,Fizzworks 0.8,Glacier Bay 1.3,Plainly 0.6|Spring Water 2,Sparkling Water 3,Mineral Water 3,Coconut Water 4,Flavored Water 2.5|Plain,Lime|1 bottle 0.5,6 ct 1.4,12 ct 2.2
Ice Cream|Snowcap 1,Cacao & Co 1.4,Polar Pantry 0.7,Alpenrose Farm 1.2|Vanilla Ice Cream 5,Chocolate Ice Cream 5,Strawberry Sorbet 5,Ice Cream Bars 5.5,Ice Cream Sandwiches 4.5,Mint Ice Cream 5|,Light|pint 0.8,half gallon 1.4
Frozen Meals|Polar Pantry 0.7,Trattoria Rossi 1.2,Lotus Garden 1.1,Prairie Gold 1.2|Chicken Burrito 3,Beef Lasagna 5,Macaroni and Cheese 3,Vegetable Stir-Fry 4.5,Pot Pie 3.2,Pad Thai 4.5,Chicken Nuggets 6|,Light|single 0.8,family size 2
Cookies|Hearthstone 1,Cacao & Co 1.3,Sugarlane 0.7,Bluebell 0.9|Chocolate Chip Cookies 3.5,Oatmeal Cookies 3.4,Shortbread 3.8,Sandwich Cookies 3.4,Ginger Snaps 3,Vanilla Wafers 3|,Gluten Free|small 0.7,family size 1.4
Crackers|Crunchwell 1,Wheatfield 0.7,Hearthstone 1.2,Old Mill 0.9|Saltines 2.4,Wheat Crackers 3.2,Cheese Crackers 3.2,Water Crackers 3.2,Graham Crackers 3.4,Rice Crackers 3|,Multigrain|small 0.7,large 1.3
Nuts|Crunchwell 1,Golden Comb 1.1,Trailhead 0.9,Orchard Row 1.2|Almonds 7,Cashews 8,Peanuts 3.5,Walnuts 8,Pistachios 9,Mixed Nuts 8,Sunflower Seeds 3|Roasted,Salted|small 0.6,large 1.5
Laundry|Brightline 1,Ecowell 1.3,Sparrow 0.7,Wellmark 0.8|Liquid Detergent 11,Laundry Pods 13,Fabric Softener 7,Stain Remover 5,Dryer Sheets 6,Oxygen Powder 8|Fresh,Unscented|small 0.6,large 1.4
Oral Care|Vitalis 1,Lumen 1.3,Plainly 0.7,Wellmark 0.8|Toothpaste 4,Toothbrush 3.5,Mouthwash 5.5,Dental Floss 3,Whitening Strips 24,Denture Tablets 5|Mint,Sensitive|single 0.8,twin pack 1.6
Hair Care|Vitalis 1,Lumen 1.4,Plainly 0.6,Softleaf 0.9|Shampoo 6,Conditioner 6,Styling Gel 5,Hair Spray 5.5,Dry Shampoo 7,Hair Color 9|Moisture,Volume|travel size 0.4,12 oz 1,28 oz 1.7
"""


def weighed(text):
    """`name number` pairs, parted by commas."""
    return [(pair.rsplit(" ", 1)[0], float(pair.rsplit(" ", 1)[1])) for pair in text.split(",")]


def shelf(line, rng):
    """A category and its products: name, brand, price in proportion."""
    category, brands, kinds, ways, sizes = line.split("|")
    brands, kinds = weighed(brands), weighed(kinds)
    forms = {kind: list(itertools.product(ways.split(","), weighed(sizes))) for kind, _ in kinds}
    for of_kind in forms.values():
        rng.shuffle(of_kind)
    products = {}
    # Kind after kind, each in its next form; where all forms are there, under the next brand.
    for place in itertools.count():
        if len(products) == PER_CATEGORY:
            return category, [(*key, price) for key, price in products.items()]
        kind, price = kinds[place % len(kinds)]
        turn = place // len(kinds)
        way, (size, part) = forms[kind][turn % len(forms[kind])]
        brand, dear = brands[(place + turn // len(forms[kind])) % len(brands)]
        better = 1.25 if way in BETTER else 1.0
        key = (f"{way} {kind}, {size}".strip(), brand)
        products.setdefault(key, price * part * dear * better * rng.uniform(0.92, 1.08))


def priced(share):
    """The price at this quantile, ending in 9 cents."""
    for (begin, low), (end, high) in zip(QUANTILES, QUANTILES[1:]):
        if share <= end:
            price = low * (high / low) ** ((share - begin) / (end - begin))
            return round(price * 10) / 10 - 0.01
    return QUANTILES[-1][1]


def slug(*words):
    return re.sub("[^a-z0-9]+", "-", " ".join(words).lower()).strip("-")


def main():
    rng = random.Random(1)
    shelves = [shelf(line, rng) for line in SHELVES.strip().splitlines()]
    prices = sorted(price for _, products in shelves for _, _, price in products)
    small = open("config/practice_catalog.ron", encoding="utf-8").read()
    stores = re.search(r"    // \(slug, shown name\)\n    stores: \[.*?\n    \],\n", small, re.S)
    out = [
        "// What the practice shop sells with `practice_catalog: large`: 1,000 products in 40",
        "// categories.",
        "// Written by tests/realism/catalogue.py: change that, not this.",
        "(",
        stores.group(0).rstrip("\n"),
        "    // (slug, shown name, brand, price of one unit)",
        "    shelves: [",
    ]
    for category, products in shelves:
        out.append(f'        (category: "{category}", products: [')
        for name, brand, price in products:
            price = priced(prices.index(price) / (len(prices) - 1))
            of = slug("large", category, name, brand)
            out.append(f'            ("{of}", "{name}", "{brand}", "{price:.2f}"),')
        out.append("        ]),")
    out += ["    ],", ")"]
    sys.stdout.write("\n".join(out) + "\n")


main()
