//! The summary as one HTML page that needs nothing else.

use minijinja::value::Serde;
use minijinja::{Environment, Error, Value, context};

use crate::figures;
use crate::summary::{RunReport, ratio};

const TEMPLATE: &str = include_str!("report.html");
/// Name whose ending makes the engine escape what it writes.
const NAME: &str = "report.html";
/// Length of a bar that stands for the whole.
const BAR_POINTS: f64 = 240.0;

/// Renders the page, with the picture of the board in it.
///
/// # Errors
/// The template contradicts the summary: our bug.
pub fn render_html(report: &RunReport, picture: &str) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.add_filter("time", figures::time);
    environment.add_filter("energy", figures::energy);
    environment.add_filter("share", figures::share);
    environment.add_filter("mean", figures::mean);
    environment.add_filter("points", |part: f64, whole: f64| {
        (ratio(part, whole) * BAR_POINTS).round() as u64
    });
    environment.add_template(NAME, TEMPLATE)?;
    let wrong: Vec<_> = report.faults.named().into_iter().filter(|&(_, count)| count > 0).collect();
    let r = Value::from(Serde(report));
    environment.get_template(NAME)?.render(context! { r, wrong, picture })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{record, settings};
    use crate::summary::Prices;

    #[test]
    fn names_are_escaped_and_the_page_stands_alone() {
        let mut record = record();
        record.network = "<script>".into();
        let (events, power) = Default::default();
        let prices = Prices { chip: "toy", events: &events, power: &power };
        let report = RunReport::new(&record, &settings(), &prices);
        let page = render_html(&report, "<svg></svg>").expect("the template fits");
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"));
        assert!(page.contains("<svg></svg>") && page.contains("not modelled"));
        assert!(page.contains("<td>packets lost</td><td>7</td>"), "what went wrong is told");
        assert!(!page.contains("routers"), "and nothing else");
        assert!(!page.contains("http://") && !page.contains("https://"), "it loads nothing");
    }
}
