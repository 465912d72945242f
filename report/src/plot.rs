//! Plots as SVG: lines over two axes, and bars.

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::{
    Cartesian2d, ChartBuilder, ChartContext, Circle, Color, Cross, DrawingArea, IntoDrawingArea,
    IntoFont, LineSeries, PathElement, RGBColor, Rectangle, SVGBackend, WHITE,
};

/// Size of a plot in points.
const SIZE: (u32, u32) = (760, 460);
/// Colours of lines, in order.
const COLOURS: [RGBColor; 4] =
    [RGBColor(48, 80, 176), RGBColor(176, 48, 48), RGBColor(48, 128, 64), RGBColor(96, 96, 96)];
const BLACK: RGBColor = RGBColor(0, 0, 0);

/// What stands around a plot.
#[derive(Clone, Copy, Debug)]
pub struct Plot<'a> {
    /// Above it.
    pub title: &'a str,
    /// Below the horizontal axis.
    pub x: &'a str,
    /// Beside the vertical axis.
    pub y: &'a str,
}

/// A line with its name.
#[derive(Clone, Debug)]
pub struct Series<'a, P = (f64, f64)> {
    /// What the legend calls it.
    pub name: &'a str,
    /// Its points, by ascending x.
    pub points: Vec<P>,
}

/// Two axes from zero to the given ends.
type Axes<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Draws what stands around a plot.
fn frame<'a>(
    area: &DrawingArea<SVGBackend<'a>, Shift>,
    plot: &Plot<'_>,
    (right, top): (f64, f64),
) -> Result<Axes<'a>, String> {
    let bug = |error: &dyn std::fmt::Display| error.to_string();
    area.fill(&WHITE).map_err(|e| bug(&e))?;
    let mut chart = ChartBuilder::on(area)
        .caption(plot.title, ("sans-serif", 18).into_font())
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..right, 0.0..top)
        .map_err(|e| bug(&e))?;
    chart
        .configure_mesh()
        .x_desc(plot.x)
        .y_desc(plot.y)
        .light_line_style(WHITE)
        .draw()
        .map_err(|e| bug(&e))?;
    Ok(chart)
}

/// Draws lines; both axes start at zero. Where a value of `beyond` lies on the horizontal axis
/// there is a cross at the top: no point can be drawn.
///
/// # Errors
/// The plot cannot be drawn: our bug.
pub fn draw_lines(
    plot: &Plot<'_>,
    series: &[Series<'_>],
    beyond: &Series<'_, f64>,
) -> Result<String, String> {
    let points = || series.iter().flat_map(|series| series.points.iter().copied());
    let along = points().map(|p| p.0).chain(beyond.points.iter().copied());
    let (right, top) = (most(along), most(points().map(|p| p.1)));
    let mut svg = String::new();
    let bug = |error: &dyn std::fmt::Display| error.to_string();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let mut chart = frame(&area, plot, (right, top))?;
        for (series, colour) in series.iter().zip(COLOURS.into_iter().cycle()) {
            let line = LineSeries::new(series.points.iter().copied(), colour.stroke_width(2));
            chart
                .draw_series(line)
                .map_err(|e| bug(&e))?
                .label(series.name)
                .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], colour));
            let dots = series.points.iter().map(|point| Circle::new(*point, 3, colour.filled()));
            chart.draw_series(dots).map_err(|e| bug(&e))?;
        }
        if !beyond.points.is_empty() {
            let crosses = beyond.points.iter().map(|&x| Cross::new((x, top), 5, BLACK));
            chart
                .draw_series(crosses)
                .map_err(|e| bug(&e))?
                .label(beyond.name)
                .legend(|(x, y)| Cross::new((x + 9, y), 5, BLACK));
        }
        chart
            .configure_series_labels()
            .border_style(BLACK)
            .background_style(WHITE)
            .draw()
            .map_err(|e| bug(&e))?;
        area.present().map_err(|e| bug(&e))?;
    }
    Ok(svg)
}

/// Draws bars: from, to, height. Where no bar stands the axis stays empty.
///
/// # Errors
/// The plot cannot be drawn: our bug.
pub fn draw_bars(plot: &Plot<'_>, bars: &[(f64, f64, f64)]) -> Result<String, String> {
    let (right, top) = (most(bars.iter().map(|b| b.1)), most(bars.iter().map(|b| b.2)));
    let mut svg = String::new();
    let bug = |error: &dyn std::fmt::Display| error.to_string();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let mut chart = frame(&area, plot, (right, top))?;
        let boxes = bars.iter().map(|&(start, end, height)| {
            Rectangle::new([(start, 0.0), (end, height)], COLOURS[0].mix(0.7).filled())
        });
        chart.draw_series(boxes).map_err(|e| bug(&e))?;
        area.present().map_err(|e| bug(&e))?;
    }
    Ok(svg)
}

/// A little more than the largest value.
fn most(values: impl Iterator<Item = f64>) -> f64 {
    let most = values.fold(0.0, f64::max);
    if most > 0.0 { most * 1.05 } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plots_show_their_names_and_every_point() {
        let plot = Plot { title: "a <mesh>", x: "load", y: "latency" };
        let points = vec![(0.1, 5.0), (0.2, 7.0), (0.3, 20.0)];
        let lines = [Series { name: "mean", points: points.clone() }];
        let none = Series { name: "beyond", points: Vec::new() };
        let svg = draw_lines(&plot, &lines, &none).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("a &lt;mesh&gt;"));
        assert!(svg.contains("latency") && svg.contains("mean"));
        assert_eq!(svg.matches("<circle").count(), points.len());
        let two = Series { name: "beyond", points: vec![0.4, 0.5] };
        let crossed = draw_lines(&plot, &lines, &two).unwrap();
        assert!(crossed.contains("beyond") && !svg.contains("beyond"));
        assert!(crossed.matches("<line").count() > svg.matches("<line").count());
        // An empty stretch between two bars has no ink.
        let bars = draw_bars(&plot, &[(0.0, 1.0, 5.0), (9.0, 10.0, 7.0)]).unwrap();
        let blue = |line: &&str| line.starts_with("<rect") && line.contains("#3050B0");
        let widths = bars.lines().filter(blue).filter_map(|line| {
            line.split_once("width=\"")?.1.split('"').next()?.parse::<u32>().ok()
        });
        let widths: Vec<u32> = widths.collect();
        assert!(widths.len() == 2 && widths.iter().all(|&width| width < 100), "{widths:?}");
        assert!(draw_lines(&plot, &[], &none).is_ok() && draw_bars(&plot, &[]).is_ok());
    }
}
