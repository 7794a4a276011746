public import ErrorModel
public import Files
public import Foundation

/// A request's state.
///
/// `queued` and `running` are open, the others final.
public enum RequestState: String, Sendable, Codable, Hashable, CaseIterable {
    /// Waits for a worker.
    case queued
    /// A worker holds its lease.
    case running
    /// Its adapter is published.
    case done
    /// No expert was relevant enough.
    case refused
    /// It could not be answered.
    case failed
    /// It was cancelled.
    case cancelled

    /// Whether the request has ended; only a retry opens it again.
    public var isFinal: Bool {
        switch self {
        case .queued, .running: false
        case .done, .refused, .failed, .cancelled: true
        }
    }
}

/// What a worker is doing with a request.
public enum RequestStage: String, Sendable, Codable, Hashable {
    /// Computes the text's embedding.
    case encoding
    /// Generates the adapter's parameters.
    case generating
    /// Refines them with the intent's examples.
    case refining
    /// Writes the adapter's folder.
    case publishing
}

/// A request as the queue knows it, without the intent.
public struct QueuedRequest: Sendable, Hashable {
    /// The identifier, `r-` and a UUID.
    public let id: String
    /// The user who submitted it.
    public let uid: UserID
    /// The base model's name.
    public let base: String
    /// The caller's own label; erased some time after the request's end.
    public let label: String?
    public let state: RequestState
    /// What is being done; known in memory only, while running.
    public internal(set) var stage: RequestStage?
    /// When it was admitted, by the wall clock.
    public let submittedAt: Date
    /// When it became final, by the wall clock.
    public let finishedAt: Date?
    /// The published adapter's identifier, once done.
    public let adapter: String?
    /// How many attempts were begun.
    public let attempts: Int
    /// Whether it was cancelled while running and has not ended yet.
    public internal(set) var isCancelRequested: Bool
    /// The file's name where it came through the spool.
    public let spoolName: String?
    /// The workers that it waits for.
    let lane: QueueLane
    private let recordedFailure: RecordedFailure?

    /// Why it was refused or failed.
    public var failure: SgloradError? { recordedFailure?.error }

    init(_ record: RequestRecord) {
        id = record.id
        uid = record.uid
        base = record.base
        lane = record.lane
        label = record.label
        state = record.state
        stage = nil
        submittedAt = Date(timeIntervalSince1970: record.submittedAt)
        finishedAt = record.finishedAt.map(Date.init(timeIntervalSince1970:))
        adapter = record.adapter
        attempts = record.attempts
        isCancelRequested = record.isCancelRequested
        spoolName = record.spoolName
        recordedFailure = record.failure.map(RecordedFailure.init(json:))
    }
}

/// A stored error.
///
/// Compared by what is stored, which excludes the cause.
private struct RecordedFailure: Sendable, Hashable {
    private let code: SgloradError.Code
    private let message: String
    private let parameters: [String: SgloradError.Parameter]

    /// What the column holds; a damaged one becomes an `internal` error that says so.
    init(json: String) {
        let error =
            StoredJSON.value(SgloradError.self, json)
            ?? .internal("the queue's record of why the request ended cannot be read")
        (code, message, parameters) = (error.code, error.message, error.parameters)
    }

    var error: SgloradError { SgloradError(code, message, parameters: parameters) }
}
