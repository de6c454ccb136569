using Perdure.Sqlite.Native;

namespace Perdure.Sqlite.Writing;

/// <summary>The small numbers of (namespace, workflow), made at their first use.</summary>
internal sealed class Scopes(Database database)
{
    private readonly Dictionary<(string Namespace, string Workflow), int> _known = [];

    /// <summary>The number, made in the open transaction where there is none yet.</summary>
    public int Of(string @namespace, string workflow)
    {
        if (_known.TryGetValue((@namespace, workflow), out var id)) return id;
        database["insert-scope"].Set(1, @namespace).Set(2, workflow).Run();
        var find = database["scope"].Set(1, @namespace).Set(2, workflow);
        find.Read();
        id = find.Int(0);
        find.Reset();
        return _known[(@namespace, workflow)] = id;
    }

    /// <summary>The transaction that may have made some did not last.</summary>
    public void Forget() => _known.Clear();
}
