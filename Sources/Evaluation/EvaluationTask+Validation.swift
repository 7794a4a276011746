public import ErrorModel

extension EvaluationTask {
    /// The most tasks of one evaluation.
    public static let maximumCount = 1024
    /// The most texts of a pool.
    public static let maximumPool = 4096
    /// The most queries of a task.
    public static let maximumQueries = 4096
    /// The longest text, in bytes.
    public static let maximumTextBytes = 32_768
    /// The longest name of a task or family, in bytes.
    public static let maximumNameBytes = 256

    /// Checks that the task can be judged: nothing is empty, too large, or out of range.
    ///
    /// - Throws: `invalidRequest` that names the task and the field.
    public func validate() throws(SgloradError) {
        guard Self.isFilled(name), name.utf8.count <= Self.maximumNameBytes else {
            throw .invalidRequest(
                field: "tasks",
                reason: "holds a task whose name is empty or over \(Self.maximumNameBytes) bytes")
        }
        guard family.utf8.count <= Self.maximumNameBytes else {
            throw invalid("family", "is over \(Self.maximumNameBytes) bytes")
        }
        try check(description, "description")
        try checkCount(pool.count, "pool", Self.maximumPool)
        try checkCount(queries.count, "queries", Self.maximumQueries)
        for (place, text) in pool.enumerated() { try check(text, "pool[\(place)]") }
        for (place, query) in queries.enumerated() {
            try check(query.text, "queries[\(place)].text")
            guard pool.indices.contains(query.answer) else {
                throw invalid(
                    "queries[\(place)].answer",
                    "is \(query.answer); it must be 0 to \(pool.count - 1), a place in pool")
            }
        }
    }

    /// Checks tasks, and that no two have the same name.
    ///
    /// - Throws: `invalidRequest` that names the task and the field.
    public static func validate(_ tasks: [EvaluationTask]) throws(SgloradError) {
        guard (1...maximumCount).contains(tasks.count) else {
            throw .invalidRequest(
                field: "tasks", reason: "holds \(tasks.count) tasks; it must be 1 to \(maximumCount)")
        }
        var names: Set<String> = []
        for task in tasks {
            try task.validate()
            guard names.insert(task.name).inserted else {
                throw .invalidRequest(
                    field: "tasks", reason: "holds two tasks of the name '\(task.name)'; give each its own")
            }
        }
    }

    private func check(_ text: String, _ field: String) throws(SgloradError) {
        guard Self.isFilled(text) else { throw invalid(field, "is empty") }
        guard text.utf8.count <= Self.maximumTextBytes else {
            throw invalid(field, "has \(text.utf8.count) bytes; at most \(Self.maximumTextBytes) are taken")
        }
    }

    private func checkCount(_ count: Int, _ field: String, _ most: Int) throws(SgloradError) {
        guard (1...most).contains(count) else {
            throw invalid(field, "holds \(count) entries; it must be 1 to \(most)")
        }
    }

    private func invalid(_ field: String, _ reason: String) -> SgloradError {
        .invalidRequest(field: "tasks", reason: "holds the task '\(name)', whose \(field) \(reason)")
    }

    private static func isFilled(_ text: String) -> Bool {
        text.unicodeScalars.contains { !$0.properties.isWhitespace }
    }
}
