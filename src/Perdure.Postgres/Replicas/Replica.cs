using Microsoft.Extensions.Logging;
using Npgsql;
using Perdure.Ports;
using Perdure.Postgres.Database;
using Perdure.Postgres.Reading;

namespace Perdure.Postgres.Replicas;

/// <summary>
/// The replica that reads may use whose caller takes what is old. It is looked at when somebody reads, so that one that is away or not what it should be keeps no node from starting; it is told of once,
/// and left alone for a while.
/// </summary>
/// <param name="expected">What it has to be, as the primary was at the opening.</param>
/// <param name="source">Connections to it, which cannot write.</param>
/// <param name="primary">Reads of the store itself.</param>
/// <param name="options">The schema.</param>
/// <param name="where">Where it is, for people.</param>
/// <param name="clock">The primary's clock: what was replayed has its moments by that.</param>
/// <param name="log">Told when it goes away and when it is back.</param>
internal sealed class Replica(ReplicaIdentity expected, NpgsqlDataSource source, Readers primary, PostgresStoreOptions options, string where, TimeProvider clock, ILogger log)
{
    private static readonly TimeSpan LeftAlone = TimeSpan.FromSeconds(2);

    private const int LookSeconds = 2;

    private readonly Lock _gate = new();
    private volatile ReplicaIdentity _expected = expected;
    private bool _away;
    private long _leftAt;

    /// <summary>Whether a read may be tried there: while it is away, one in a while.</summary>
    public bool MayTry()
    {
        using var held = _gate.EnterScope();
        if (!_away) return true;
        if (options.Time.GetElapsedTime(_leftAt) < LeftAlone) return false;
        _leftAt = options.Time.GetTimestamp();
        return true;
    }

    /// <summary>A read from it has come to its end.</summary>
    public void Served()
    {
        using var held = _gate.EnterScope();
        if (!_away) return;
        _away = false;
        log.LogInformation("Reads that may be old are taken from the replica again: {Where}", where);
    }

    /// <summary>A read from it has failed with that, and is taken from the primary. What only that read met, such as a row that was in the way of the replay, is not told of.</summary>
    public void Failed(StoreException fault)
    {
        if (fault.Code == "store.busy") return;
        using var held = _gate.EnterScope();
        _leftAt = options.Time.GetTimestamp();
        if (_away) return;
        _away = true;
        log.LogWarning(fault, "The replica cannot be used; reads that may be old are taken from the primary until it can: {Where}", where);
    }

    /// <summary>Reads on the replica, each on a connection that was looked at just before.</summary>
    public Readers Readers(Age age) => new(source, where, (connection, cancellation) => Admit(connection, age, cancellation));

    /// <summary>Looks at what a connection leads to: a pool may lead to several servers, and any of them may have been promoted since.</summary>
    private async Task Admit(NpgsqlConnection connection, Age age, CancellationToken cancellation)
    {
        var asked = options.Time.GetTimestamp();
        var now = clock.GetUtcNow();
        await using var look = StoreSchema.Command(connection, SqlText.Statement("replica"), options.Schema);
        look.CommandTimeout = LookSeconds;
        bool standby;
        ReplicaIdentity found;
        DateTimeOffset? replayed;
        await using (var row = await look.ExecuteReaderAsync(cancellation).ConfigureAwait(false))
        {
            await row.ReadAsync(cancellation).ConfigureAwait(false);
            (standby, found) = (row.GetBoolean(4), ReplicaIdentity.Read(row));
            replayed = row.IsDBNull(5) ? null : row.Moment(5);
        }
        if (!standby) throw Unfit("it is no standby. Name a standby of the primary; one that was promoted is none any more.");
        if (found != _expected) _expected = await Expected(cancellation).ConfigureAwait(false);
        if (!found.IsOf(_expected)) throw Unfit("it is a standby of another server than the store's, or another database or schema there. Name one that follows the store's primary, and the same database.");
        if (found.Version != _expected.Version) throw Unfit($"its schema has version {found.Version}, the primary's has {_expected.Version}. It is used once it has caught up.");
        age.Add(now - replayed, asked);
    }

    private Task<ReplicaIdentity> Expected(CancellationToken cancellation) => primary.With(
        async connection =>
        {
            await using var ask = ReplicaIdentity.Ask(connection, options.Schema);
            await using var row = await ask.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
            await row.ReadAsync(cancellation).ConfigureAwait(false);
            return ReplicaIdentity.Read(row);
        },
        cancellation);

    private StoreException Unfit(string why) => new("store.replica", $"{where} cannot be read from: {why}");
}
