using Perdure.Kernel;

namespace Perdure.Ports;

/// <summary>A record as a store keeps it, with what its hash was made of.</summary>
/// <param name="Position">Where it stands in the store's log.</param>
/// <param name="Version">Its number in its instance, from 1.</param>
/// <param name="At">When it was decided, in Unix milliseconds.</param>
/// <param name="Hash">Its hash, of <see cref="Chain.Size"/> bytes.</param>
/// <param name="Body">Its body; empty where it was erased.</param>
/// <param name="Digest">What is kept of a body that was erased; null where it was not.</param>
public readonly record struct ChainLink(long Position, long Version, long At, ReadOnlyMemory<byte> Hash, ReadOnlyMemory<byte> Body, byte[]? Digest);

/// <summary>
/// Holds the records of one instance, in order, against their hash chain, and names the first that was altered, removed or moved. A store's <see cref="IViews.Verify"/> reads and this decides, so that all stores find the same.
/// Keeps nothing of a record but its hash: whatever the length of the history, its memory is the same.
/// </summary>
/// <param name="instance">Whose records.</param>
/// <param name="knownHead">A head that was kept elsewhere; null where none is known.</param>
public sealed class ChainCheck(InstanceId instance, (long Version, ReadOnlyMemory<byte> Hash)? knownHead)
{
    private static readonly long s_earliest = DateTimeOffset.MinValue.ToUnixTimeMilliseconds(), s_latest = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    private ReadOnlyMemory<byte> _head;
    private byte[] _salt = [];
    private long _checkpoint, _position;
    private (long Version, string Problem)? _broken;

    /// <summary>Up to which record it has looked: what follows is read from here.</summary>
    public long Version { get; private set; }

    /// <summary>Whether something was found to be wrong; then nothing more need be read.</summary>
    public bool IsBroken => _broken is not null;

    /// <summary>Begins with the instance's row.</summary>
    /// <param name="salt">What its bodies are digested with; null where there is no such instance.</param>
    /// <param name="checkpoint">The position of the record of its last transition, or of its start.</param>
    public void Begin(byte[]? salt, long checkpoint)
    {
        if (salt is null && knownHead is null) Break(1, $"There is no instance {instance}.");
        (_salt, _checkpoint) = (salt ?? [], salt is null ? 0 : checkpoint);
    }

    /// <summary>Looks at the next record.</summary>
    /// <returns>Whether it follows; where not, <see cref="Result"/> says what is wrong.</returns>
    public bool Next(in ChainLink record)
    {
        if (record.Version != Version + 1) return Break(Version + 1, "The record is missing: it was removed, or its number was changed.");
        if (record.Position <= _position) return Break(record.Version, "The record stands before its predecessor in the store's log: it was moved.");
        if (record.Digest is not null && record.Body.Length > 0) return Break(record.Version, "The record has a body although it was erased: it was altered.");
        if (record.Digest is { Length: not Chain.Size }) return Break(record.Version, "What is kept of the erased body is no digest: it was altered.");
        if (record.At < s_earliest || record.At > s_latest) return Break(record.Version, "The record's moment is none: it was altered.");
        Span<byte> digest = stackalloc byte[Chain.Size], expected = stackalloc byte[Chain.Size];
        if (record.Digest is { } kept) kept.CopyTo(digest);
        else Chain.Digest(_salt, record.Body.Span, digest);
        Chain.Link(_head.Span, instance, record.Version, DateTimeOffset.FromUnixTimeMilliseconds(record.At), digest, expected);
        if (!expected.SequenceEqual(record.Hash.Span)) return Break(record.Version, "The record does not continue the chain: it was altered, or put in the place of another.");
        if (knownHead is { } head && head.Version == record.Version && !head.Hash.Span.SequenceEqual(record.Hash.Span))
            return Break(record.Version, "The record's hash is not that of the known head: the history was written anew.");
        (_head, Version, _position) = (record.Hash, record.Version, record.Position);
        return true;
    }

    /// <summary>What was found, once there are no more records or one is wrong.</summary>
    public Verification Result()
    {
        if (_broken is null && knownHead is { } head && head.Version > Version)
            Break(Version + 1, $"The tail was cut off: {Version} records are left, and the known head is record {head.Version}.");
        if (_broken is null && Version == 0) Break(1, "Every record is missing.");
        if (_broken is null && _checkpoint > _position) Break(Version + 1, "The tail was cut off: the record of the last transition is missing.");
        return new(_broken is null, Version, _broken?.Version, _broken?.Problem, _head);
    }

    private bool Break(long version, string problem)
    {
        _broken = (version, problem);
        return false;
    }
}
