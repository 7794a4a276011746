extension SgloradError {
    /// The kind of a failure; its ``name`` is the last part of the varlink error `io.sglorad.<name>`.
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

        /// The name of the varlink error, without its interface.
        public var name: String { kind.rawValue }
        /// Same as ``name``.
        public var description: String { kind.rawValue }
        /// The code of a ``name``; nil where there is none.
        public init?(named name: String) {
            guard let kind = Kind(rawValue: name) else { return nil }
            self.init(kind)
        }
        /// Every code there is, for tests that hold the interface definition against them.
        public static var all: [Code] { Kind.allCases.map(Code.init) }

        /// A field of an intent is empty, too long or out of range.
        ///
        /// Fields: `field`, `reason`.
        public static let invalidIntent = Code(.invalidIntent)
        /// A parameter of a call other than an intent's is wrong.
        ///
        /// Fields: `field`, `reason`.
        public static let invalidRequest = Code(.invalidRequest)
        /// No base model of that name.
        ///
        /// Fields: `base`, `known`.
        public static let unknownBase = Code(.unknownBase)
        /// No expert, generator, adapter, upload or request of that name.
        ///
        /// Fields: `kind`, `name`.
        public static let notFound = Code(.notFound)
        /// The name is taken by something else.
        ///
        /// Fields: `kind`, `name`.
        public static let alreadyExists = Code(.alreadyExists)
        /// No expert is near enough to the intent.
        ///
        /// Fields: `proximity`, `threshold`, `nearest`.
        public static let noRelevantExpert = Code(.noRelevantExpert)
        /// The base has no experts to guide with.
        ///
        /// Fields: `base`.
        public static let emptyLibrary = Code(.emptyLibrary)
        /// A file is damaged, hostile or not of the format it should be.
        ///
        /// Fields: `file`, `reason`.
        public static let invalidFile = Code(.invalidFile)
        /// A sound adapter uses something that cannot be merged.
        ///
        /// Fields: `feature`, `remedy`.
        public static let unsupportedAdapter = Code(.unsupportedAdapter)
        /// An adapter's sites are not those of its base.
        ///
        /// Fields: `site`, `reason`.
        public static let layoutMismatch = Code(.layoutMismatch)
        /// The text encoder's folder is missing or not usable.
        ///
        /// Fields: `file`, `reason`.
        public static let invalidModel = Code(.invalidModel)
        /// The strategy needs a generator and there is none that may be used.
        ///
        /// Fields: `base`, `reason`.
        public static let generatorUnavailable = Code(.generatorUnavailable)
        /// The training of a generator ended without one.
        ///
        /// Fields: `base`, `reason`.
        public static let trainingFailed = Code(.trainingFailed)
        /// The disk or a database refused.
        ///
        /// Fields: `path`, `reason`.
        public static let storageFailure = Code(.storageFailure)
        /// Too much is going on; try again later.
        ///
        /// Fields: `retryAfter` (seconds), `reason`.
        public static let busy = Code(.busy)
        /// The work was called off before it was done.
        ///
        /// Fields: `reason`.
        public static let cancelled = Code(.cancelled)
        /// A bug: something that should not happen did.
        ///
        /// Fields: `reason`.
        public static let `internal` = Code(.internal)
    }
}
