internal import LowRank

/// The layers of a base model that an adapter's sites belong to, each with its ranges of the D parameters.
struct RoutedLayers: Sendable {
    /// The layers' names: the first number in a site's path, or its whole path if it has none.
    let names: [String]
    /// For each layer the ranges of its parameters.
    let ranges: [[Range<Int>]]

    init(_ layout: AdapterLayout) {
        var names: [String] = []
        var ranges: [[Range<Int>]] = []
        for slice in layout.slices {
            let name = slice.site.path.split(separator: ".").first { Int($0) != nil } ?? slice.site.path[...]
            let range = slice.a.lowerBound..<slice.b.upperBound
            if let place = names.firstIndex(of: String(name)) {
                ranges[place].append(range)
            } else {
                names.append(String(name))
                ranges.append([range])
            }
        }
        self.names = names
        self.ranges = ranges
    }

    var count: Int { names.count }
}
