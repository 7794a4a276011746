extension SgloradError {
    /// The kind of a failure.
    ///
    /// Its ``name`` is the last component of the varlink error `io.sglorad.<name>`.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Kind: String, CaseIterable {
            case invalidIntent = "InvalidIntent"
            case invalidRequest = "InvalidRequest"
            case unknownBase = "UnknownBase"
            case notFound = "NotFound"
            case alreadyExists = "AlreadyExists"
            case noRelevantExpert = "NoRelevantExpert"
            case emptyLibrary = "EmptyLibrary"
            case invalidFile = "InvalidFile"
            case unsupportedAdapter = "UnsupportedAdapter"
            case layoutMismatch = "LayoutMismatch"
            case invalidModel = "InvalidModel"
            case generatorUnavailable = "GeneratorUnavailable"
            case trainingFailed = "TrainingFailed"
            case storageFailure = "StorageFailure"
            case busy = "Busy"
            case cancelled = "Cancelled"
            case `internal` = "InternalFailure"
        }

        private let kind: Kind
        private init(_ kind: Kind) { self.kind = kind }

        /// The name of the varlink error, without the interface's name.
        public var name: String { kind.rawValue }
        public var description: String { kind.rawValue }
        /// The code of a ``name``; nil if there is none.
        public init?(named name: String) {
            guard let kind = Kind(rawValue: name) else { return nil }
            self.init(kind)
        }
        /// All codes; tests compare them with the interface definition.
        public static var all: [Code] { Kind.allCases.map(Code.init) }

        /// A field of an intent is missing, too long or out of range.
        ///
        /// Fields: `field`, `reason`.
        public static let invalidIntent = Code(.invalidIntent)
        /// A parameter of a call is invalid, other than an intent's field.
        ///
        /// Fields: `field`, `reason`.
        public static let invalidRequest = Code(.invalidRequest)
        /// There is no base model with this name.
        ///
        /// Fields: `base`, `known`.
        public static let unknownBase = Code(.unknownBase)
        /// There is no expert, generator, adapter, upload or request with this name.
        ///
        /// Fields: `kind`, `name`.
        public static let notFound = Code(.notFound)
        /// The name is in use.
        ///
        /// Fields: `kind`, `name`.
        public static let alreadyExists = Code(.alreadyExists)
        /// No expert is close enough to the intent.
        ///
        /// Fields: `proximity`, `threshold`, `nearest`.
        public static let noRelevantExpert = Code(.noRelevantExpert)
        /// The base model's library has no experts.
        ///
        /// Fields: `base`.
        public static let emptyLibrary = Code(.emptyLibrary)
        /// A file is damaged, malicious or not of the expected format.
        ///
        /// Fields: `file`, `reason`.
        public static let invalidFile = Code(.invalidFile)
        /// A valid adapter uses a feature that is not supported.
        ///
        /// Fields: `feature`, `remedy`.
        public static let unsupportedAdapter = Code(.unsupportedAdapter)
        /// An adapter's sites do not match its base model's layout.
        ///
        /// Fields: `site`, `reason`.
        public static let layoutMismatch = Code(.layoutMismatch)
        /// The text encoder's folder is missing or cannot be used.
        ///
        /// Fields: `file`, `reason`.
        public static let invalidModel = Code(.invalidModel)
        /// The strategy needs a generator, and none is available.
        ///
        /// Fields: `base`, `reason`.
        public static let generatorUnavailable = Code(.generatorUnavailable)
        /// Training ended without producing a generator.
        ///
        /// Fields: `base`, `reason`.
        public static let trainingFailed = Code(.trainingFailed)
        /// A file operation or a database operation failed.
        ///
        /// Fields: `path`, `reason`.
        public static let storageFailure = Code(.storageFailure)
        /// The daemon is overloaded; retry later.
        ///
        /// Fields: `retryAfter` (seconds), `reason`.
        public static let busy = Code(.busy)
        /// The work was cancelled before it was complete.
        ///
        /// Fields: `reason`.
        public static let cancelled = Code(.cancelled)
        /// A bug in this program.
        ///
        /// Fields: `reason`.
        public static let `internal` = Code(.internal)
    }
}
