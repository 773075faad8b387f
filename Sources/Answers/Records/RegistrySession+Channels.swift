import Registry

/// What a registry offers, and the versions of its channels.
extension RegistrySession {
    /// Points a channel to a version, for a reason that is kept in its history.
    /// - Parameters:
    ///   - version: `model@version`.
    ///   - expected: the version that the caller expects the channel to point to, `nothing` if it should not exist yet;
    ///     nil moves it from any version.
    /// - Returns: the move, or the last one if the channel already pointed there.
    /// - Throws: `RegistryError`; `AnswersError.badRequest` for a name that is not a version.
    public func promote(
        _ version: String,
        to channel: String,
        expecting expected: String?,
        because reason: MoveReason
    ) throws -> ChannelMove {
        let reference = try BuildReference(version)
        guard case .version(let target) = reference.selector, reference.type == nil else {
            throw AnswersError.badRequest("'\(version)' is not a model version. Write model@1.2.3.")
        }
        try registry.setChannel(
            channel,
            of: reference.model,
            to: target,
            expecting: try expected.flatMap { $0 == "nothing" ? nil : try ModelVersion(parsing: $0) },
            isNew: expected == "nothing",
            because: reason
        )
        let moves = try registry.channelHistory(of: reference.model)
        guard let move = moves.last(where: { $0.channel == channel }) else {
            preconditionFailure("a channel that points somewhere was moved there")
        }
        return move
    }

    /// Returns every move of a model's channels, oldest first.
    /// - Throws: `NothingFits` for an unknown model; `RegistryError`.
    public func history(of model: String) throws -> [ChannelMove] {
        try NothingFits.unless(registry, knowsModel: model)
        return try registry.channelHistory(of: model)
    }

    /// Deletes builds from the registry's offer.
    /// - Parameters:
    ///   - name: `model@version[:type]`.
    ///   - applies: whether the deletion is done, not only listed; the session must have write access either way.
    /// - Throws: `RegistryError`; `AnswersError.badRequest` for a name without a version.
    public func delete(_ name: String, because reason: MoveReason, applies: Bool) throws -> WithdrawalReport {
        let reference = try BuildReference(name)
        guard case .version(let version) = reference.selector else {
            throw AnswersError.badRequest("'\(name)' names no version. Write model@1.2.3 or model@1.2.3:type.")
        }
        return try registry.withdraw(
            version,
            of: reference.model,
            type: reference.type,
            because: reason,
            dryRun: !applies
        )
    }

    /// Removes files that killed processes left in a registry and nothing published needs.
    /// - Parameters:
    ///   - age: keep files newer than this, in seconds; another process may still be writing them.
    ///   - removes: whether they are removed, not only listed.
    /// - Throws: `RegistryError`, `FileError`.
    public func collectLeftovers(olderThan age: Double, removes: Bool) throws -> [VerificationReport.Leftover] {
        try registry.collectLeftovers(olderThan: age, dryRun: !removes)
    }
}
