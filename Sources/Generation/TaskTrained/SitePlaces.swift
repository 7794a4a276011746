internal import LowRank

/// Which layer and which module of the base model each site of a layout belongs to.
struct SitePlaces: Sendable {
    /// The layers' names, in the order of the sites: the first number in a site's path, or the whole path if it has none.
    let layers: [String]
    /// The modules' names: the path without that number.
    let modules: [String]
    /// For each site its layer and its module, as places in ``layers`` and ``modules``.
    let sites: [(layer: Int, module: Int)]

    init(_ sites: [Site]) {
        var (layers, modules): ([String], [String]) = ([], [])
        func place(of name: String, in known: inout [String]) -> Int {
            if let place = known.firstIndex(of: name) { return place }
            known.append(name)
            return known.count - 1
        }
        self.sites = sites.map { site in
            var parts = site.path.split(separator: ".").map(String.init)
            let number = parts.firstIndex { Int($0) != nil }
            let layer = number.map { parts.remove(at: $0) } ?? site.path
            return (place(of: layer, in: &layers), place(of: parts.joined(separator: "."), in: &modules))
        }
        self.layers = layers
        self.modules = modules
    }
}
