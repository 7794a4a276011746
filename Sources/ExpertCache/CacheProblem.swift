/// Something in the cache that is not as its rows say, or that no row speaks of.
public struct CacheProblem: Sendable, Hashable {
    /// What is concerned.
    public enum Subject: Sendable, Hashable {
        /// An expert's parameters.
        case expert(base: String, name: String)
        /// The factors that fix a library's gauge.
        case reference(base: String)
        /// A generator's file.
        case generator(String)
        /// A published adapter's folder.
        case adapter(String)
        /// A file or folder that no row speaks of.
        case unreferenced
        /// A database.
        case database
    }

    /// What is wrong.
    public enum Fault: String, Sendable, Hashable {
        /// It is not there.
        case missing
        /// Its content is not what was stored.
        case damaged
        /// The disk does not give it.
        case unreadable
        /// The manifest beside it is missing or says something else.
        case manifest
        /// Nothing speaks of it.
        case unreferenced
    }

    /// What is concerned.
    public var subject: Subject
    /// What is wrong.
    public var fault: Fault
    /// The file or folder.
    public var path: String
    /// What was found, as a clause: "has 3 bytes and not 44".
    public var finding: String

    init(subject: Subject, fault: Fault, path: String, finding: String) {
        self.subject = subject
        self.fault = fault
        self.path = path
        self.finding = finding
    }

    /// A database in which SQLite's own check found something.
    public init(database path: String, finding: String) {
        self.init(subject: .database, fault: .damaged, path: path, finding: finding)
    }

    /// What is concerned, in words.
    public var name: String {
        switch subject {
        case .expert(_, let name): "expert '\(name)'"
        case .reference(let base): "the gauge reference of '\(base)'"
        case .generator(let id): "generator \(id)"
        case .adapter(let id): "adapter \(id)"
        case .unreferenced: path
        case .database: "the database \(path)"
        }
    }

    /// What a repair does about it; nil where a person has to.
    public var repair: String? {
        switch (subject, fault) {
        case (.database, _), (_, .unreadable): nil
        case (_, .manifest): "writes the manifest anew"
        case (.reference, _): "makes it again from the library's first expert"
        case (.unreferenced, _): "removes it"
        default: "moves it to damaged/ and forgets it"
        }
    }

    /// What a person is to do.
    public var remedy: String {
        switch (subject, fault) {
        case (.database, _):
            "Start the daemon anew: it moves the file aside and makes again what can be made."
        case (_, .unreadable): "Look at the disk and its log; then verify again."
        case (_, .manifest), (.reference, _), (.unreferenced, _):
            "'sglorad-ctl cache verify --repair' mends it."
        case (.expert, _): "Import the expert again, or restore the file from a backup."
        case (.generator, _): "Train the generator again, or import it from a file."
        case (.adapter, _): "Request it again: the same intent, options and seed give the same adapter."
        }
    }
}
