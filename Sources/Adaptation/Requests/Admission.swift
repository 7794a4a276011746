package import ErrorModel
internal import ExpertLibrary
internal import Files
package import IntentQueue
package import Privacy

/// Admits requests to the queue, from the socket and from the spool.
///
/// An intent is admitted if it is valid, its base is known, and its user is within their shares of the queue
/// and the disk.
package struct Admission: Sendable {
    let queue: RequestQueue
    let snapshots: LibrarySnapshots
    let share: DiskShare

    /// Admits one request; durable when it returns.
    ///
    /// - Parameters:
    ///   - intent: the intent.
    ///   - key: the caller's idempotency key, if any.
    ///   - caller: the caller.
    /// - Throws: `invalidIntent`, `unknownBase`, `busy`, `storageFailure`.
    package func admit(_ intent: Intent, key: String?, from caller: Caller) async throws(SgloradError)
        -> QueuedRequest
    {
        var submission = try await submission(intent, from: caller.uid, key: nil)
        // The key is bound to the intent as sent: a seed drawn here must not make a retry look like another
        // intent.
        let idempotency = try key.map { (key) throws(SgloradError) in
            IdempotencyKey(key, content: Array(try JSONText.encode(intent).utf8))
        }
        submission.key = idempotency
        // A retry with a known key makes no adapter, so nothing is evicted for it.
        submission.obstacle = try await share.obstacle(for: caller.uid) { () async throws(SgloradError) in
            guard let idempotency else { return false }
            return try await queue.knows(idempotency, uid: caller.uid)
        }
        return try await queue.submit(submission)
    }

    /// Requeues a request that was refused, failed or cancelled.
    ///
    /// - Parameters:
    ///   - request: the request.
    ///   - text: the intent's text, needed if it has been erased.
    ///   - material: the intent's examples and labels, needed if it had some and they have been erased.
    /// - Returns: the updated request; nil if it no longer exists.
    package func retry(
        _ request: QueuedRequest, text: PrivateText?, material: TaskMaterial? = nil
    ) async throws(SgloradError) -> QueuedRequest? {
        if let text { try Intent.check(text: text) }
        try material?.check()
        // An open or finished request is not requeued, so nothing is evicted for it.
        let obstacle = try await share.obstacle(for: request.uid) {
            !request.state.isFinal || request.state == .done
        }
        return try await queue.retry(request.id, text: text, material: material, obstacle: obstacle)
    }

    /// Validates an intent and makes the queue's submission of it.
    ///
    /// - Throws: `invalidIntent`, `unknownBase`.
    func submission(
        _ intent: Intent, from owner: UserID, key: IdempotencyKey?
    ) async throws(SgloradError) -> Submission {
        let queued = try intent.checked()
        let base = try await snapshots.base(named: intent.base)
        try base.requireFormats(queued.options)
        return Submission(queued, base: base.name, uid: owner, label: intent.label, key: key)
    }
}
