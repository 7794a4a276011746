/// A disagreement between the library's rows and its files.
public struct LibraryProblem: Sendable, Hashable {
    /// What is affected.
    public enum Subject: Sendable, Hashable {
        /// An expert's parameters.
        case expert(base: String, name: String)
        /// The factors that fix a library's gauge.
        case reference(base: String)
        /// A generator's file.
        case generator(String)
        /// A published adapter's folder.
        case adapter(String)
        /// An orphan: a file or folder that no row references.
        case unreferenced
        /// A database.
        case database
        /// A row of the database.
        case row(DamagedRow)
    }

    /// What is wrong.
    public enum Fault: String, Sendable, Hashable {
        /// The file does not exist.
        case missing
        /// Its content differs from what was stored.
        case damaged
        /// The disk fails to read it.
        case unreadable
        /// The manifest beside it is missing or belongs to something else.
        case manifest
        /// No row references it.
        case unreferenced
        /// A row does not match its checksum.
        case row
    }

    /// What is affected.
    public var subject: Subject
    /// What is wrong.
    public var fault: Fault
    /// The file or folder.
    public var path: String
    /// What was found, as a clause that continues the path: "has 3 bytes instead of 44".
    public var finding: String

    init(subject: Subject, fault: Fault, path: String, finding: String) {
        self.subject = subject
        self.fault = fault
        self.path = path
        self.finding = finding
    }

    /// A database in which SQLite's integrity check found something.
    public init(database path: String, finding: String) {
        self.init(subject: .database, fault: .damaged, path: path, finding: finding)
    }

    /// A row that does not match its checksum.
    init(row: DamagedRow, of database: String) {
        self.init(
            subject: .row(row), fault: .row, path: database,
            finding: "has a changed row, number \(row.number) of '\(row.table)'")
    }

    /// What is affected, in words.
    public var name: String {
        switch subject {
        case .expert(_, let name): "expert '\(name)'"
        case .reference(let base): "the gauge reference of '\(base)'"
        case .generator(let id): "generator \(id)"
        case .adapter(let id): "adapter \(id)"
        case .unreferenced: path
        case .database: "the database \(path)"
        case .row(let row): row.name
        }
    }

    /// What ``LibraryIntegrity/repair(_:)`` does about it; nil where it needs an operator.
    public var repair: String? {
        switch (subject, fault) {
        case (_, .unreadable): nil
        case (.database, _): "rebuilds its indexes"
        case (.row, _): "restores it from the manifest, or moves its files to damaged/"
        case (_, .manifest): "rewrites the manifest"
        case (.reference, _): "rebuilds it from the library's first expert"
        case (.unreferenced, _): "removes it"
        default: "moves it to damaged/ and removes its row"
        }
    }

    /// What an operator should do.
    public var remedy: String {
        switch (subject, fault) {
        case (.database, _):
            "'sglorad-ctl cache verify --repair' rebuilds its indexes. If that does not suffice, restart the daemon: it "
                + "repairs the file, or moves it to damaged/ and rebuilds what it can from the manifests."
        case (_, .unreadable): "Check the disk and the kernel's log; then verify again."
        case (_, .manifest), (.reference, _), (.unreferenced, _), (.row, _):
            "'sglorad-ctl cache verify --repair' repairs it."
        case (.expert, _): "Import the expert again, or restore the file from a backup."
        case (.generator, _): "Train the generator again, or import it from a file."
        case (.adapter, _): "Request it again: the same intent, options and seed give the same adapter."
        }
    }
}
