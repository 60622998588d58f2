//! Which column of a history means what: said by the operator, or guessed from its name.

use std::fmt;

/// What a column of an order history may mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Who bought.
    Customer,
    /// When, in the shop's local time.
    Time,
    /// What.
    Product,
    /// Which kind of product.
    Category,
    /// Units.
    Quantity,
    /// Price of one unit.
    Price,
    /// What was taken off the line, or a truth.
    Discount,
    /// Which order the line belongs to.
    Order,
}

/// How many there are.
pub const FIELDS: usize = 8;

impl Field {
    /// All of them, in the order of [`Columns`].
    pub const ALL: [Self; FIELDS] = [
        Self::Customer,
        Self::Time,
        Self::Product,
        Self::Category,
        Self::Quantity,
        Self::Price,
        Self::Discount,
        Self::Order,
    ];

    /// As `--columns` names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Time => "time",
            Self::Product => "product",
            Self::Category => "category",
            Self::Quantity => "quantity",
            Self::Price => "price",
            Self::Discount => "discount",
            Self::Order => "order",
        }
    }

    /// Names it goes by elsewhere, without spaces, underscores and case.
    fn synonyms(self) -> &'static [&'static str] {
        match self {
            Self::Customer => {
                &["customer", "customerid", "userid", "user", "householdid", "shopper"]
            }
            Self::Time => &[
                "time",
                "orderedat",
                "timestamp",
                "createdat",
                "date",
                "orderdate",
                "invoicedate",
                "transactiontimestamp",
                "datetime",
            ],
            Self::Product => &["product", "productid", "sku", "stockcode", "itemid", "item"],
            Self::Category => &["category", "productcategory", "department", "aisle"],
            Self::Quantity => &["quantity", "qty", "units", "count"],
            Self::Price => &["price", "unitprice", "priceperunit"],
            Self::Discount => &["discount", "discountamount", "coupondisc", "retaildisc"],
            Self::Order => {
                &["order", "orderid", "invoiceno", "invoice", "basketid", "transactionid"]
            }
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why columns cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ColumnsError {
    /// `--columns` is not `name=column,...`.
    #[error(
        "--columns: `{given}` is no NAME=COLUMN; names are customer, time, product, category, \
         quantity, price, discount, order"
    )]
    NoPair {
        /// What stood there.
        given: String,
    },
    /// A column that was named is not there.
    #[error("{origin}: there is no column `{column}` for {field}; it has: {found}")]
    NotThere {
        /// The file.
        origin: String,
        /// What was named.
        column: String,
        /// What it should mean.
        field: Field,
        /// What there is.
        found: String,
    },
    /// A column that must be there was neither named nor guessed.
    #[error("{origin}: no column looks like {field}; say --columns {field}=...; it has: {found}")]
    Missing {
        /// The file.
        origin: String,
        /// What is missed.
        field: Field,
        /// What there is.
        found: String,
    },
}

/// Names that the operator gave, by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named([Option<String>; FIELDS]);

impl std::str::FromStr for Named {
    type Err = ColumnsError;

    fn from_str(text: &str) -> Result<Self, ColumnsError> {
        let mut named = Self::default();
        for pair in text.split(',') {
            let no_pair = || ColumnsError::NoPair { given: pair.to_owned() };
            let (name, column) = pair.split_once('=').ok_or_else(no_pair)?;
            let field = Field::ALL.iter().position(|field| field.name() == name.trim());
            named.0[field.ok_or_else(no_pair)?] = Some(column.trim().to_owned());
        }
        Ok(named)
    }
}

/// Where each field stands in a row; customer and time always do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns(pub [Option<usize>; FIELDS]);

impl Columns {
    /// By the names of a header.
    pub fn of(origin: &str, header: &[String], named: &Named) -> Result<Self, ColumnsError> {
        let found = || header.join(", ").chars().take(400).collect::<String>();
        let mut at = [None; FIELDS];
        for (index, field) in Field::ALL.into_iter().enumerate() {
            at[index] = match &named.0[index] {
                Some(column) => {
                    let place = header.iter().position(|name| name.trim() == column);
                    Some(place.ok_or_else(|| ColumnsError::NotThere {
                        origin: origin.to_owned(),
                        column: column.clone(),
                        field,
                        found: found(),
                    })?)
                }
                None => guess(header, field),
            };
            if at[index].is_none() && matches!(field, Field::Customer | Field::Time) {
                return Err(ColumnsError::Missing {
                    origin: origin.to_owned(),
                    field,
                    found: found(),
                });
            }
        }
        Ok(Self(at))
    }

    /// Whether a column stands for this.
    pub fn has(&self, field: Field) -> bool {
        Field::ALL.iter().position(|it| *it == field).is_some_and(|at| self.0[at].is_some())
    }
}

/// The column whose name is nearest to the first synonym.
fn guess(header: &[String], field: Field) -> Option<usize> {
    let plain = |name: &String| -> String {
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let names: Vec<String> = header.iter().map(plain).collect();
    field.synonyms().iter().find_map(|synonym| names.iter().position(|name| name == synonym))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Vec<String> {
        text.split(',').map(str::to_owned).collect()
    }

    #[test]
    fn a_name_is_guessed_and_one_that_is_said_counts_more() {
        let header = header("Invoice No,Customer ID,InvoiceDate,StockCode,when");
        let columns = Columns::of("f", &header, &Named::default()).unwrap();
        assert_eq!(columns.0, [Some(1), Some(2), Some(3), None, None, None, None, Some(0)]);
        let named = "time=when".parse().unwrap();
        assert_eq!(Columns::of("f", &header, &named).unwrap().0[1], Some(4));
    }

    #[test]
    fn what_is_missing_is_said_with_what_there_is() {
        let error = Columns::of("f.csv", &header("a,time"), &Named::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "f.csv: no column looks like customer; say --columns customer=...; it has: a, time"
        );
        let named = "customer=b".parse().unwrap();
        let error = Columns::of("f.csv", &header("a,time"), &named).unwrap_err();
        assert!(matches!(error, ColumnsError::NotThere { field: Field::Customer, .. }));
        assert!("customer".parse::<Named>().is_err() && "who=a".parse::<Named>().is_err());
    }
}
