//! Numbers and days as spreadsheets show them.

use super::*;

#[test]
fn numbers_as_they_are_shown() {
    for (value, format, expected) in [
        (1234.5, "General", "1234.5"),
        (0.1 + 0.2, "General", "0.3"),
        (1e20, "General", "1E20"),
        (1234567.891, "#,##0.00", "1,234,567.89"),
        (0.256, "0%", "26%"),
        (0.256, "0.0%", "25.6%"),
        (-5.0, "0.00;(0.00)", "(5.00)"),
        (-5.0, "#,##0 \"€\"", "-5 €"),
        (1200.0, "[$€-407] #,##0.00", "€ 1,200.00"),
        (1200.0, "#,##0.00\\ [$€-40C]", "1,200.00 €"),
        (0.0, "0;-0;\"-\"", "-"),
        (7.0, "000", "007"),
        (0.5, "#.##", ".5"),
        (1234567.0, "#,##0,\"k\"", "1,235k"),
        (12345.0, "0.00E+00", "1.23E+04"),
        (3.5, "# ?/?", "3.5"),
        (12.0, "_-* #,##0.00_-;-* #,##0.00_-", "12.00"),
        (-0.001, "0.00", "0.00"),
        (5.0, "[Red]0", "5"),
        (42.0, "@", "42"),
    ] {
        assert_eq!(shown(value, format, false), expected, "{value} {format}");
    }
}

#[test]
fn dates_as_they_are_shown() {
    for (value, format, expected) in [
        (45_356.0, "yyyy-mm-dd", "2024-03-05"),
        (45_356.0, "dd.mm.yyyy", "05.03.2024"),
        (45_356.0, "d mmmm yyyy", "5 March 2024"),
        (45_356.75, "ddd d/m/yy h:mm AM/PM", "Tue 5/3/24 6:00 PM"),
        (45_356.75, "yyyy-mm-dd hh:mm", "2024-03-05 18:00"),
        (1.0, "yyyy-mm-dd", "1900-01-01"),
        (59.0, "d mmm yyyy", "28 Feb 1900"),
        (61.0, "d mmm yyyy", "1 Mar 1900"),
        (1.5, "[h]:mm:ss", "36:00:00"),
        (0.5, "mm:ss.0", "00:00.0"),
        (45_356.0, "[$-407]d. mmm yyyy;@", "5. Mar 2024"),
        (-1.0, "yyyy", "-1"),
        (1e300, "yyyy", "1E300"),
    ] {
        assert_eq!(shown(value, format, false), expected, "{value} {format}");
    }
    assert_eq!(shown(43_894.0, "yyyy-mm-dd", true), "2024-03-05");
}
