//! What was measured or counted: one row a figure, as a table for people or as one JSON list.
//! Benches, chaos and the zoo tell what came of them in this form.
//!
//! Not here: measuring.

use serde::Serialize;

/// One figure.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// How much, in its unit.
    pub value: f64,
    /// Of what; empty for a count of what the name says.
    pub unit: &'static str,
    /// What it was measured beside.
    pub peer: Option<String>,
    /// How much it was there, in the same unit.
    pub peer_value: Option<f64>,
    /// Ours over the peer's.
    pub ratio: Option<f64>,
    /// What the value has to keep to, in words.
    pub bar: Option<String>,
    /// Whether it does; null where there is no bar.
    pub holds: Option<bool>,
}

impl Row {
    /// A figure that is merely told.
    #[must_use]
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, peer: None, peer_value: None, ratio: None, bar: None, holds: None }
    }

    /// A count that is merely told.
    #[must_use]
    pub fn count(name: impl Into<String>, count: usize, unit: &'static str) -> Self {
        Self::new(name, f64::from(u32::try_from(count).unwrap_or(u32::MAX)), unit)
    }

    /// Beside a peer that was measured in the same run.
    #[must_use]
    pub fn beside(self, peer: impl Into<String>, value: f64) -> Self {
        let ratio = (value != 0.0).then(|| self.value / value);
        Self { peer: Some(peer.into()), peer_value: Some(value), ratio, ..self }
    }

    /// Whether there is something to keep to.
    #[must_use]
    pub const fn has_bar(&self) -> bool {
        self.bar.is_some()
    }

    /// The value may be this at most.
    #[must_use]
    pub fn at_most(self, bar: f64) -> Self {
        let holds = self.value <= bar;
        Self { bar: Some(format!("≤ {bar} {}", self.unit).trim_end().to_owned()), holds: Some(holds), ..self }
    }

    /// The value has to be this at least.
    #[must_use]
    pub fn at_least(self, bar: f64) -> Self {
        let holds = self.value >= bar;
        Self { bar: Some(format!("≥ {bar} {}", self.unit).trim_end().to_owned()), holds: Some(holds), ..self }
    }

    /// The ratio has to be this at least.
    #[must_use]
    pub fn ratio_at_least(self, bar: f64) -> Self {
        let holds = self.ratio.is_some_and(|ratio| ratio >= bar);
        Self { bar: Some(format!("≥ {bar} × peer")), holds: Some(holds), ..self }
    }

    /// The ratio may be this at most.
    #[must_use]
    pub fn ratio_at_most(self, bar: f64) -> Self {
        let holds = self.ratio.is_some_and(|ratio| ratio <= bar);
        Self { bar: Some(format!("≤ {bar} × peer")), holds: Some(holds), ..self }
    }
}

/// Prints the rows as one JSON list.
///
/// # Errors
/// A figure that isn't a number.
pub fn print_json(rows: &[Row]) -> serde_json::Result<()> {
    println!("{}", serde_json::to_string_pretty(rows)?);
    Ok(())
}

/// How a table is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// For a terminal.
    Plain,
    /// For a document.
    Markdown,
}

/// Prints the rows as a table.
pub fn print_table(rows: &[Row], look: Look) {
    println!("{}", table_of(rows, look));
}

/// The rows as a table.
#[must_use]
pub fn table_of(rows: &[Row], look: Look) -> String {
    let figure = |value: f64| match value {
        value if value.fract() == 0.0 => format!("{value:.0}"),
        value if value.abs() < 10.0 => format!("{value:.2}"),
        value => format!("{value:.0}"),
    };
    let cells = |row: &Row| {
        vec![
            row.name.clone(),
            format!("{} {}", figure(row.value), row.unit).trim_end().to_owned(),
            row.peer.clone().unwrap_or_default(),
            row.peer_value.map(|value| format!("{} {}", figure(value), row.unit)).unwrap_or_default(),
            row.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
            row.bar.clone().unwrap_or_default(),
            row.holds.map(|holds| if holds { "yes" } else { "NO" }.to_owned()).unwrap_or_default(),
        ]
    };
    let headers = ["what", "value", "peer", "its value", "ratio", "bar", "holds"];
    cells_of(&headers, &rows.iter().map(cells).collect::<Vec<_>>(), look)
}

/// Cells under headers.
#[must_use]
pub fn cells_of(headers: &[&str], rows: &[Vec<String>], look: Look) -> String {
    let mut table = comfy_table::Table::new();
    if look == Look::Markdown {
        table.load_style(comfy_table::presets::ASCII_MARKDOWN);
        table.set_header(headers);
    } else {
        table.load_style(comfy_table::presets::NOTHING);
        table.set_header(headers.iter().map(|header| header.to_uppercase()));
    }
    table.add_rows(rows);
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::{Look, Row, table_of};

    #[test]
    fn a_row_has_eight_fields_and_says_whether_it_keeps_to_its_bar() {
        let rows = [Row::count("leaks", 1, "").at_most(0.0), Row::count("runs", 3, "runs").at_least(1.0)];
        let json = serde_json::to_value(&rows).expect("a list");
        assert_eq!((&json[0]["holds"], &json[1]["holds"]), (&false.into(), &true.into()));
        assert_eq!((&json[0]["bar"], json[0]["value"].as_f64()), (&"≤ 0".into(), Some(1.0)));
        assert_eq!(json[0].as_object().map(serde_json::Map::len), Some(8));
        assert!(table_of(&rows, Look::Plain).contains("NO"));
        assert_eq!(Row::count("faults", 2, "").holds, None);
    }
}
