using Npgsql;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Postgres.Reading;

/// <summary>Walks an instance's hash chain, some records at a time, and stops at the first that is wrong.</summary>
internal sealed class ChainWalk(InstanceId instance, (long Version, ReadOnlyMemory<byte> Hash)? knownHead)
{
    private const int Step = 500;

    private byte[] _head = [];
    private byte[] _salt = [];
    private long _checkpoint, _position, _version;
    private (long Version, string Problem)? _broken;

    private sealed record Link(long Position, long Version, long At, byte[] Hash, byte[] Body, byte[]? Digest);

    /// <summary>Checks all of it.</summary>
    public async Task<Verification> Run(Readers readers, CancellationToken cancellation)
    {
        var row = await readers.One("chain-row", r => ((byte[] Salt, long Checkpoint)?)(r.Bytes(0), r.GetInt64(1)), cancellation, instance.Value).ConfigureAwait(false);
        if (row is null && knownHead is null) Break(1, $"There is no instance {instance}.");
        (_salt, _checkpoint) = row ?? ([], 0);
        while (_broken is null)
        {
            var links = await readers.All(
                "chain", r => new Link(r.GetInt64(0), r.GetInt64(1), r.GetInt64(2), r.Bytes(3), r.Bytes(4), r.IsDBNull(5) ? null : r.Bytes(5)), cancellation, instance.Value, _version, Step).ConfigureAwait(false);
            foreach (var link in links)
                if (!Check(link)) break;
            if (links.Count < Step) break;
        }
        return Result();
    }

    private bool Check(Link record)
    {
        if (record.Version != _version + 1) return Break(_version + 1, "The record is missing: it was removed, or its number was changed.");
        if (record.Position <= _position) return Break(record.Version, "The record stands before its predecessor in the store's log: it was moved.");
        if (record.Digest is not null && record.Body.Length > 0) return Break(record.Version, "The record has a body although it was erased: it was altered.");
        Span<byte> digest = stackalloc byte[Chain.Size];
        if (record.Digest is null) Chain.Digest(_salt, record.Body, digest);
        else if (record.Digest.Length == Chain.Size) record.Digest.CopyTo(digest);
        Span<byte> expected = stackalloc byte[Chain.Size];
        Chain.Link(_head, instance, record.Version, DateTimeOffset.FromUnixTimeMilliseconds(record.At), digest, expected);
        if (!expected.SequenceEqual(record.Hash)) return Break(record.Version, "The record does not continue the chain: it was altered, or put in the place of another.");
        if (knownHead is { } head && head.Version == record.Version && !head.Hash.Span.SequenceEqual(record.Hash))
            return Break(record.Version, "The record's hash is not that of the known head: the history was written anew.");
        (_head, _version, _position) = (record.Hash, record.Version, record.Position);
        return true;
    }

    private bool Break(long version, string problem)
    {
        _broken = (version, problem);
        return false;
    }

    private Verification Result()
    {
        if (_broken is null && knownHead is { } head && head.Version > _version)
            _broken = (_version + 1, $"The tail was cut off: {_version} records are left, and the known head is record {head.Version}.");
        if (_broken is null && _version == 0) _broken = (1, "Every record is missing.");
        if (_broken is null && _checkpoint > _position) _broken = (_version + 1, "The tail was cut off: the record of the last transition is missing.");
        return new(_broken is null, _version, _broken?.Version, _broken?.Problem, _head);
    }
}
