public import Foundation

/// A request's state.
///
/// `queued` and `running` are open, the others final.
public enum RequestState: String, Sendable, Codable, Hashable, CaseIterable {
    /// Waits for a worker.
    case queued
    /// A worker is at it.
    case running
    /// Its adapter is published.
    case done
    /// No expert was near enough.
    case refused
    /// It could not be done.
    case failed
    /// It was called off.
    case cancelled

    /// Whether nothing more will happen to it.
    public var isFinal: Bool {
        switch self {
        case .queued, .running: false
        case .done, .refused, .failed, .cancelled: true
        }
    }
}

/// What a worker does with a request at the moment.
public enum RequestStage: String, Sendable, Codable, Hashable {
    /// The text becomes an embedding.
    case encoding
    /// The parameters are made.
    case generating
    /// The adapter's folder is written.
    case publishing
}

/// A request as the queue knows it, without the intent's text.
public struct QueuedRequest: Sendable, Hashable {
    /// The identifier.
    public var id: String
    /// Who asked.
    public var uid: Int
    /// The base model's name.
    public var base: String
    /// The caller's own word for it.
    public var label: String?
    /// The state.
    public var state: RequestState
    /// What is being done; known in memory only, while running.
    public var stage: RequestStage?
    /// When it was accepted.
    public var submittedAt: Date
    /// When it became final.
    public var finishedAt: Date?
    /// The published adapter, once done.
    public var adapter: String?
    /// Why it was refused or failed: the error as JSON.
    public var failure: String?
    /// How often it was begun.
    public var attempts = 0
    /// Whether somebody called it off while a worker was at it.
    public var isCalledOff = false
    /// The file's name where it came through the spool.
    public var spoolName: String?
}
