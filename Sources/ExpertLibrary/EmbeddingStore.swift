internal import AdapterFormats
public import ErrorModel
internal import Executors
internal import Files
public import Foundation
internal import GRDB
internal import LinearAlgebra

/// The matrices of embeddings, one for each base.
///
/// An import appends its own expert. After any other change, and where a file is missing, damaged or older than the rows, it is
/// made anew from the rows and replaced as a whole.
public struct EmbeddingStore: Sendable {
    let resources: LibraryResources

    /// What the database says of a library, read in one transaction.
    private enum Reading: Sendable {
        case empty
        /// The file has the library's state.
        case file(token: Data, order: [Int64])
        /// The content of a new file.
        case made(token: Data, order: [Int64], content: [UInt8])
        /// Some experts have embeddings of another text encoder.
        case outdated
    }

    /// The token of a base's library: equal tokens, equal embeddings; nil where the library is empty.
    ///
    /// - Throws: `storageFailure`.
    public func token(of base: String) async throws(SgloradError) -> Data? {
        try await resources.database.read { db in try LibraryState.find(db, base)?.token }
    }

    /// The embeddings of a base's experts.
    ///
    /// - Parameters:
    ///   - base: the base model's name.
    ///   - encoder: the digest of the text encoder that must have made them.
    /// - Returns: nil where another encoder made some of them: see ``outdated(of:encoder:limit:)``.
    /// - Throws: `storageFailure` where an expert's row has changed, or the database cannot be read.
    public func load(of base: String, encoder: String) async throws(SgloradError) -> LibraryEmbeddings? {
        let path = path(of: base)
        // An import can change the file between the transaction and the mapping.
        for _ in 0..<3 {
            guard case .file(let token, let order) = try await read(base, encoder, mayUseFile: true) else {
                break
            }
            let found = await resources.files.run { Self.map(path, token, order) }
            if let found { return found }
        }
        switch try await read(base, encoder, mayUseFile: false) {
        case .empty: return .empty
        case .outdated: return nil
        case .file: return nil
        case .made(let token, let order, let content):
            return try await resources.files.run { [resources] () throws(SgloradError) in
                // On a full or failing disk the matrix is in memory alone.
                try? DurableFile.write(
                    content, to: path, temporary: resources.state.temporary, synchronisingFolder: false)
                if let found = Self.map(path, token, order) { return found }
                let numbers = FloatVector(count: content.count / 4) { numbers in
                    UnsafeMutableRawBufferPointer(numbers).copyBytes(from: content)
                }
                guard let found = LibraryEmbeddings(numbers, path: nil, token: token, order: order) else {
                    throw .internal("a matrix of embeddings is not as it was made")
                }
                return found
            }
        }
    }

    /// The experts of a base whose embeddings another text encoder made, at most so many.
    ///
    /// - Throws: `storageFailure`.
    public func outdated(
        of base: String, encoder: String, limit: Int
    ) async throws(SgloradError) -> [ExpertRecord] {
        try await resources.database.read { db in
            try ExpertRow.sound(
                ExpertRow.filter(
                    ExpertRow.Columns.base == base && ExpertRow.Columns.encoder != encoder
                ).order(ExpertRow.Columns.name).limit(limit), db)
        }
    }

    /// The digests of a base's experts, sorted.
    ///
    /// - Throws: `storageFailure`.
    public func digests(of base: String) async throws(SgloradError) -> [String] {
        try await resources.database.read { db in
            // The unique index on base and digest answers this alone.
            try ExpertRow.filter(ExpertRow.Columns.base == base).order(ExpertRow.Columns.digest)
                .select(ExpertRow.Columns.digest, as: String.self).fetchAll(db)
        }
    }

    /// Forgets the file of a base, so that the next load makes it from the rows.
    public func discard(_ base: String) async {
        let path = path(of: base)
        await resources.files.run { _ = unlink(path) }
    }

    // MARK: Within a transaction

    /// Adds an expert that has just got its row to the base's file; within the transaction that added it.
    ///
    /// - Parameters:
    ///   - expert: the expert.
    ///   - before: the library's state before the row was added.
    static func append(
        _ expert: ExpertRecord, since before: LibraryState?, in state: StateDirectory, _ db: Database
    ) throws {
        guard let before, let after = try LibraryState.find(db, expert.base),
            let row = try ExpertRow.named(expert.name, of: expert.base)
                .select(Column.rowID, as: Int64.self).fetchOne(db)
        else { return }
        EmbeddingFile.append(
            expert, row: row, to: path(of: expert.base, in: state), before: before.token, after: after.token)
    }

    /// What a load needs, from one transaction; in it no import can change the file.
    private func read(
        _ base: String, _ encoder: String, mayUseFile: Bool
    ) async throws(SgloradError) -> Reading {
        let path = path(of: base)
        return try await resources.database.read { [state = resources.state] db in
            guard let token = try LibraryState.find(db, base)?.token else {
                // The sums are right unless a row was damaged: then it must be named.
                guard try ExpertRow.filter(ExpertRow.Columns.base == base).isEmpty(db) else {
                    throw Self.changedRow(of: base, state)
                }
                return .empty
            }
            if mayUseFile {
                guard let header = EmbeddingFile.header(path), header.token == token,
                    header.encoder == encoder
                else { return .outdated }
                // The index on base and name answers this alone.
                let order = try ExpertRow.filter(ExpertRow.Columns.base == base)
                    .order(ExpertRow.Columns.name).select(Column.rowID, as: Int64.self).fetchAll(db)
                return .file(token: token, order: order)
            }
            return try Self.make(base, encoder, token, state, db)
        }
    }

    private static func make(
        _ base: String, _ encoder: String, _ token: Data, _ state: StateDirectory, _ db: Database
    ) throws -> Reading {
        // SQL: the query interface does not select a row's number beside its columns under another name.
        let rows = try Row.fetchCursor(
            db, sql: "SELECT rowid AS rowNumber, * FROM expert WHERE base = ? ORDER BY name",
            arguments: [base])
        var order: [Int64] = []
        var content = [UInt8](repeating: 0, count: EmbeddingFile.headerBytes)
        var dimension: Int?
        while let row = try rows.next() {
            guard let expert = ExpertRow.sound(row, db) else { throw changedRow(of: base, state) }
            guard expert.encoder == encoder else { return .outdated }
            guard expert.embedding.count == 4 * (dimension ?? expert.embedding.count / 4) else {
                throw changedRow(of: base, state)
            }
            dimension = expert.embedding.count / 4
            let number: Int64 = row["rowNumber"]
            EmbeddingFile.append(
                expert.embedding,
                EmbeddingFile.Mark(
                    key: EmbeddingFile.key(of: expert.digest), row: number, isForeign: expert.isForeign),
                at: order.count, to: &content)
            order.append(number)
        }
        guard let dimension else { return .empty }
        let header = EmbeddingFile.Header(
            dimension: dimension, count: order.count, token: token, encoder: encoder)
        content.replaceSubrange(..<EmbeddingFile.headerBytes, with: EmbeddingFile.encode(header))
        return .made(token: token, order: order, content: content)
    }

    /// The row of an expert is not as it was written.
    static func changedRow(of base: String, _ state: StateDirectory) -> SgloradError {
        .storageFailure(
            state.cacheDatabase,
            "the row of an expert of '\(base)' has changed. 'sglorad-ctl cache verify --repair' restores it.")
    }

    // MARK: Files

    private static func map(_ path: String, _ token: Data, _ order: [Int64]) -> LibraryEmbeddings? {
        guard let file = try? FloatVector(mapping: path, displayName: path) else { return nil }
        return LibraryEmbeddings(file, path: path, token: token, order: order)
    }

    private func path(of base: String) -> String { Self.path(of: base, in: resources.state) }

    private static func path(of base: String, in state: StateDirectory) -> String {
        "\(state.embeddings)/\(FileDigest.sha256(base.utf8).prefix(32))"
    }
}
