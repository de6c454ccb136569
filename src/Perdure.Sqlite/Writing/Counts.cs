using Perdure.Kernel;
using Perdure.Sqlite.Native;

namespace Perdure.Sqlite.Writing;

/// <summary>What a batch changes in the counts, gathered in memory and written once at its end.</summary>
internal sealed class Counts(Database database)
{
    private Dictionary<(int State, Status Status), long> _instances = [];
    private Dictionary<(int Map, string Operation), long> _stack = [];
    private readonly Statement _tally = database["tally"];
    private readonly Statement _stackTally = database["stack-tally"];

    /// <summary>Instances of a state and status became more or fewer.</summary>
    public void Instances(int state, Status status, int change) =>
        System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_instances, (state, status), out _) += change;

    /// <summary>Stack entries of an operation became more or fewer.</summary>
    public void Stack(int map, string operation, int change) =>
        System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_stack, (map, operation), out _) += change;

    /// <summary>Writes them.</summary>
    public void Write()
    {
        foreach (var ((state, status), change) in _instances)
            if (change != 0) _tally.Set(1, (long)state).Set(2, (long)status).Set(3, change).Run();
        foreach (var ((map, operation), change) in _stack)
            if (change != 0) _stackTally.Set(1, (long)map).Set(2, operation).Set(3, change).Run();
    }

    /// <summary>Remembers them as they stand, and gives what brings them back.</summary>
    public Action Mark()
    {
        var (instances, stack) = (new Dictionary<(int, Status), long>(_instances), new Dictionary<(int, string), long>(_stack));
        return () => (_instances, _stack) = (instances, stack);
    }

    /// <summary>Forgets them.</summary>
    public void Clear()
    {
        _instances.Clear();
        _stack.Clear();
    }
}
