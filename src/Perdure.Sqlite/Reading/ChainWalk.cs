using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Sqlite.Native;

namespace Perdure.Sqlite.Reading;

/// <summary>Walks an instance's hash chain, some records at a time, and stops at the first that is wrong.</summary>
internal sealed class ChainWalk(InstanceId instance, (long Version, ReadOnlyMemory<byte> Hash)? knownHead)
{
    private const int Step = 500;

    private byte[] _head = [];
    private byte[]? _salt;
    private long _checkpoint, _position, _version;
    private (long Version, string Problem)? _broken;

    /// <summary>Checks the next records. False at the end or where something is wrong.</summary>
    public bool Next(Database database)
    {
        if (_salt is null)
        {
            var row = Rows.One(database["chain-row"].Set(1, instance.Value), s => (Salt: s.Bytes(0), Checkpoint: s.Long(1)));
            _salt = row.Salt ?? [];
            _checkpoint = row.Checkpoint;
            if (row.Salt is null && knownHead is null) return Break(1, $"There is no instance {instance}.");
        }
        var read = 0;
        var chain = database["chain"].Set(1, instance.Value).Set(2, _version).Set(3, Step);
        try
        {
            while (chain.Read())
            {
                read++;
                if (!Check(chain)) return false;
            }
        }
        finally
        {
            if (chain.AtRow) chain.Reset();
        }
        return read == Step;
    }

    private bool Check(Statement record)
    {
        var (position, version, at) = (record.Long(0), record.Long(1), record.Long(2));
        if (version != _version + 1) return Break(_version + 1, "The record is missing: it was removed, or its number was changed.");
        if (position <= _position) return Break(version, "The record stands before its predecessor in the store's log: it was moved.");
        byte[] body = record.Bytes(4), hash = record.Bytes(3);
        if (!record.IsNull(5) && body.Length > 0) return Break(version, "The record has a body although it was erased: it was altered.");
        Span<byte> digest = stackalloc byte[Chain.Size];
        if (record.IsNull(5)) Chain.Digest(_salt, body, digest);
        else record.Bytes(5).CopyTo(digest);
        Span<byte> expected = stackalloc byte[Chain.Size];
        Chain.Link(_head, instance, version, DateTimeOffset.FromUnixTimeMilliseconds(at), digest, expected);
        if (!expected.SequenceEqual(hash)) return Break(version, "The record does not continue the chain: it was altered, or put in the place of another.");
        if (knownHead is { } head && head.Version == version && !head.Hash.Span.SequenceEqual(hash))
            return Break(version, "The record's hash is not that of the known head: the history was written anew.");
        (_head, _version, _position) = (hash, version, position);
        return true;
    }

    private bool Break(long version, string problem)
    {
        _broken = (version, problem);
        return false;
    }

    /// <summary>What was found.</summary>
    public Verification Result()
    {
        if (_broken is null && knownHead is { } head && head.Version > _version)
            _broken = (_version + 1, $"The tail was cut off: {_version} records are left, and the known head is record {head.Version}.");
        if (_broken is null && _version == 0) _broken = (1, "Every record is missing.");
        if (_broken is null && _checkpoint > _position) _broken = (_version + 1, "The tail was cut off: the record of the last transition is missing.");
        return new(_broken is null, _version, _broken?.Version, _broken?.Problem, _head);
    }
}
