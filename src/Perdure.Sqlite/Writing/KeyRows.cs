using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Sqlite.Native;

namespace Perdure.Sqlite.Writing;

/// <summary>The keys of a start. A key that is taken is an answer, not an error, and costs no rollback.</summary>
internal sealed class KeyRows(Database database, Scopes scopes)
{
    private readonly Statement _request = database["insert-request-key"];
    private readonly Statement _business = database["insert-business-key"];

    /// <summary>Takes both keys; where one of them is taken, takes neither and says whose it is.</summary>
    public ItemAnswer? Take(Item item, NewInstance start, int map, long at)
    {
        var scope = scopes.Of(start.Namespace, item.Workflow);
        _request.Set(1, (long)scope).Set(2, start.RequestKey).Set(3, item.Instance.Value).Set(4, (long)map).Set(5, start.PayloadHash.Span).Set(6, at).Run();
        if (database.Changes == 0) return new ItemAnswer.KeyTaken(Holder(scope, start.RequestKey));
        if (start.BusinessKey is null) return null;

        _business.Set(1, (long)scope).Set(2, start.BusinessKey).Set(3, item.Instance.Value).Run();
        if (database.Changes > 0) return null;
        database["delete-request-key"].Set(1, (long)scope).Set(2, start.RequestKey).Run();
        var find = database["business-key"].Set(1, (long)scope).Set(2, start.BusinessKey);
        find.Read();
        var holder = new InstanceId(find.Long(0));
        find.Reset();
        return new ItemAnswer.BusinessKeyTaken(holder);
    }

    private StoredKey Holder(int scope, string key)
    {
        var find = database["request-key"].Set(1, (long)scope).Set(2, key);
        find.Read();
        var holder = new StoredKey(new(find.Long(0)), find.Int(1), find.Bytes(2), find.Time(3));
        find.Reset();
        return holder;
    }
}
