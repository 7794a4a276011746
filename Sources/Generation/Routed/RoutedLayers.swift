internal import LowRank

/// The layers of a base model that an adapter's sites belong to, each with its ranges of the D parameters.
struct RoutedLayers: Sendable {
    /// The layers' names, as ``SitePlaces`` finds them.
    let names: [String]
    /// For each layer the ranges of its parameters.
    let ranges: [[Range<Int>]]

    init(_ layout: AdapterLayout) {
        let slices = layout.slices
        let places = SitePlaces(slices.map(\.site))
        var ranges = places.layers.map { _ in [Range<Int>]() }
        for (slice, place) in zip(slices, places.sites) {
            ranges[place.layer].append(slice.a.lowerBound..<slice.b.upperBound)
        }
        names = places.layers
        self.ranges = ranges
    }

    var count: Int { names.count }
}
