using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Postgres.Reading;

namespace Perdure.Postgres.Writing;

/// <summary>Removes what has ended, piece by piece, each piece one statement. It takes no lane's fence: nobody writes to what has ended.</summary>
internal sealed class Remover(Readers readers) : IRetention
{
    // An id may be made a little ahead of the clock by which its instance ends.
    private static readonly TimeSpan Ahead = TimeSpan.FromHours(1);

    public async Task<Removal> Remove(DateTimeOffset endedBefore, InstanceId after, int limit, CancellationToken cancellation) =>
        (await readers.One(
            "remove", r => new Removal(r.GetInt32(0), r.IsDBNull(1) ? null : new(r.GetInt64(1)), r.IsDBNull(2) ? null : r.Moment(2)), cancellation,
            after.Value, InstanceId.Create(endedBefore + Ahead, 0, 0).Value, endedBefore.ToUnixTimeMilliseconds(), limit).ConfigureAwait(false))!;

    public Task<int> RemoveKeys(DateTimeOffset madeBefore, int limit, CancellationToken cancellation) =>
        readers.One("remove-keys", r => r.GetInt32(0), cancellation, InstanceId.Create(madeBefore, 0, 0).Value, limit);
}
