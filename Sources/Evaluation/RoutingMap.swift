internal import ErrorModel
internal import Generation
internal import TextEncoding

/// How much each expert of a lora-gen generator's pool is used in each layer, by descriptions of tasks.
///
/// The gates are those of the generator that serves, with the description alone. A pool expert that is hardly used anywhere, or
/// gates that are the same for all families, say that the router has learned little.
public struct RoutingMap: Sendable, Hashable, Codable {
    /// One layer.
    public struct Layer: Sendable, Hashable, Codable {
        /// Its number in the base model.
        public var layer: String
        /// For each expert of the pool its mean gate over the tasks, 0...1; they sum to 1.
        public var gates: [Double]
        /// For each expert of the pool the standard deviation of its gate over the tasks, 0...0.5.
        public var deviations: [Double]
    }

    /// The tasks' family; nil for all tasks.
    public var family: String?
    /// The number of tasks.
    public var tasks: Int
    /// The layers, in the order of the base model.
    public var layers: [Layer]
}

extension RoutingMap {
    /// The map of all tasks and, if there are several families, one of each.
    ///
    /// - Parameter routings: for each task its family and its layers.
    static func maps(_ routings: [(family: String, layers: [RoutedLayer])], pool: Int) -> [RoutingMap] {
        guard !routings.isEmpty else { return [] }
        let families = Set(routings.map(\.family)).sorted()
        let whole = RoutingMap(nil, routings.map(\.layers), pool: pool)
        guard families.count > 1 else { return [whole] }
        return [whole]
            + families.map { family in
                RoutingMap(family, routings.filter { $0.family == family }.map(\.layers), pool: pool)
            }
    }

    /// - Parameter routings: the layers of at least one task.
    private init(_ family: String?, _ routings: [[RoutedLayer]], pool: Int) {
        let count = Double(routings.count)
        self.family = family
        tasks = routings.count
        layers = routings[0].indices.map { place in
            var (sums, squares) = ([Double](repeating: 0, count: pool), [Double](repeating: 0, count: pool))
            for routing in routings {
                for mixed in routing[place].experts {
                    sums[mixed.expert] += Double(mixed.gate)
                    squares[mixed.expert] += Double(mixed.gate) * Double(mixed.gate)
                }
            }
            return Layer(
                layer: routings[0][place].layer, gates: sums.map { $0 / count },
                deviations: zip(sums, squares).map { sum, square in
                    max(0, square / count - (sum / count) * (sum / count)).squareRoot()
                })
        }
    }
}

extension EvaluationRun {
    /// How the generator of lora-gen mixes its pool for the tasks; empty if none serves.
    func routing(
        _ tasks: [(task: EvaluationTask, embedding: [Float])]
    ) throws(SgloradError) -> [RoutingMap] {
        guard let generator = systems[.loRAGen]?.guided.generator else { return [] }
        var routings: [(family: String, layers: [RoutedLayer])] = []
        for (task, embedding) in tasks {
            let condition = TaskCondition(
                embedding: embedding,
                states: generator.readsStates ? try encoder.states(of: task.description) : nil)
            routings.append((task.family, generator.routing(for: condition)))
        }
        return RoutingMap.maps(routings, pool: TaskTrainedGenerator.poolSize)
    }
}
