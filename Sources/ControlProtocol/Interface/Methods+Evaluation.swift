extension Methods {
    /// Judge a generator beside every other way to an adapter, by recall on tasks with the base model itself, which must be the text encoder; in a child process of low priority.
    ///
    /// `heldOut` judges tasks that no expert was trained on, `leaveOut` those of the experts with each
    /// one's fold left out and generators trained anew on the rest; without either, both. `methods` are
    /// those compared: base, mean, nearest, equal, weighted, weighted-tuned, sum, sg-lora-mean, sg-lora,
    /// sg-lora-densest, deterministic, sg-lora-nonsense, auto, oracle. With `more`, progress comes in
    /// replies of its own, and the page, where `html` asks for it, in the reply before the last. A client
    /// that goes away calls the evaluation off.
    public enum EvaluateGenerator: ControlMethod {
        /// The method's name.
        public static let name = "EvaluateGenerator"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `base`.
            public var base: String?
            /// The field `generatorId`.
            public var generatorId: String?
            /// The field `tasks`.
            public var tasks: [Wire.EvaluationTask]
            /// The field `leaveOut`.
            public var leaveOut: Bool?
            /// The field `heldOut`.
            public var heldOut: Bool?
            /// The field `methods`.
            public var methods: [String]?
            /// The field `seed`.
            public var seed: Int?
            /// The field `html`.
            public var html: Bool?

            /// Makes the value from its fields.
            public init(
                base: String? = nil, generatorId: String? = nil, tasks: [Wire.EvaluationTask],
                leaveOut: Bool? = nil, heldOut: Bool? = nil, methods: [String]? = nil, seed: Int? = nil,
                html: Bool? = nil
            ) {
                self.base = base
                self.generatorId = generatorId
                self.tasks = tasks
                self.leaveOut = leaveOut
                self.heldOut = heldOut
                self.methods = methods
                self.seed = seed
                self.html = html
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `progress`.
            public var progress: Wire.EvaluationProgress?
            /// The field `report`.
            public var report: Wire.EvaluationReport?
            /// The field `page`.
            public var page: String?

            /// Makes the value from its fields.
            public init(
                progress: Wire.EvaluationProgress? = nil, report: Wire.EvaluationReport? = nil,
                page: String? = nil
            ) {
                self.progress = progress
                self.report = report
                self.page = page
            }
        }
    }
}
