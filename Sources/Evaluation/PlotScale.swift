/// A linear scale from values to places in a drawing, with round ticks.
struct PlotScale: Sendable {
    /// The values at the ends.
    let values: ClosedRange<Double>
    /// The places of the ends; the first may be the larger, as for a vertical axis.
    let places: (Double, Double)
    /// Values at round distances within the ends.
    let ticks: [Double]

    /// A scale over values, widened to round ends.
    ///
    /// - Parameter count: about how many ticks there are.
    init(_ values: [Double], places: (Double, Double), ticks count: Int) {
        let finite = values.filter(\.isFinite)
        let (low, high) = (finite.min() ?? 0, finite.max() ?? 1)
        let step = Self.step(max(high - low, 1e-3) / Double(count))
        let (first, last) = ((low / step).rounded(.down), (high / step).rounded(.up))
        let end = last > first ? last : first + 1
        self.values = first * step...end * step
        self.places = places
        ticks = (0...Int(end - first)).map { (first + Double($0)) * step }
    }

    /// Where a value lies.
    func place(_ value: Double) -> Double {
        places.0 + (value - values.lowerBound) / (values.upperBound - values.lowerBound)
            * (places.1 - places.0)
    }

    /// How many digits tell the ticks apart.
    var digits: Int {
        guard ticks.count > 1 else { return 2 }
        let step = ticks[1] - ticks[0]
        return step < 0.0099 ? 3 : step < 0.099 ? 2 : 1
    }

    /// The least of 1, 2 and 5 times a power of ten that is no less than `size`.
    private static func step(_ size: Double) -> Double {
        var unit = 1e-6
        while unit * 10 <= size { unit *= 10 }
        return [1, 2, 5, 10].map { $0 * unit }.first { $0 >= size * 0.999 } ?? unit * 10
    }
}
