using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Sqlite.Native;

namespace Perdure.Sqlite.Writing;

/// <summary>Erases what an ended instance's records say, leaving their digests.</summary>
internal static class Eraser
{
    public static void Erase(Database database, InstanceId instance)
    {
        var row = database["erasable"].Set(1, instance.Value);
        if (!row.Read()) throw new StoreException("store.not-ended", $"There is no instance {instance}.");
        var (ended, salt) = ((Status)row.Int(0) == Status.Ended, row.Bytes(1));
        row.Reset();
        if (!ended) throw new StoreException("store.not-ended", $"Instance {instance} has not ended; only what has ended can be erased. Cancel it first.");

        // What is overwritten must not stay behind in free pages.
        database.Execute("PRAGMA secure_delete = ON");
        try
        {
            database["begin"].Run();
            var version = 0L;
            while (true)
            {
                var found = new List<(long Position, byte[] Digest)>();
                var bodies = database["bodies"].Set(1, instance.Value).Set(2, version);
                while (bodies.Read())
                {
                    var digest = new byte[Chain.Size];
                    Chain.Digest(salt, bodies.Bytes(1), digest);
                    found.Add((bodies.Long(0), digest));
                    version = bodies.Long(2);
                }
                if (found.Count == 0) break;
                foreach (var (position, digest) in found) database["erase-body"].Set(1, position).Set(2, digest).Run();
            }
            database["erase-salt"].Set(1, instance.Value).Run();
            database["commit"].Run();
        }
        catch
        {
            database.Rollback();
            throw;
        }
        finally
        {
            database.Execute("PRAGMA secure_delete = OFF");
        }
    }
}
