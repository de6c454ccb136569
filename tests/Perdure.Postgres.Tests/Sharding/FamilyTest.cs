using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Postgres.Tests.Sharding;

/// <summary>Parents and children over two databases.</summary>
public abstract class FamilyTest : ShardedTest
{
    internal static async Task<InstanceRow> ChildOf(LetterNode node, InstanceId parent, string workflow = "post")
    {
        var patience = ShardedNode.Patience();
        while (true)
        {
            foreach (var row in await node.Perdure.Views.List(new(Workflow: workflow), null, 200, patience))
                if (row.RequestKey.StartsWith($"child:{parent}.", StringComparison.Ordinal))
                {
                    if (node is ShardedNode sharded) Assert.Equal(row.Id, (await sharded.Store.FindKey("default", workflow, row.RequestKey, patience))!.Instance);
                    return row;
                }
            await Task.Delay(10, patience);
        }
    }

    internal static async Task<InstanceId> Errand(ShardedNode node, string number, string key, string workflow = "errand") => Assert.IsType<StartAnswer.Accepted>(await node.Start(number, key, workflow)).Instance;

    internal static async Task<string> StateOf(ShardedNode node, InstanceId id) => (await node.Store.Load(id, Now))!.Row.State;

    // Parents of a database with numbers of their children's, whose homes are in another.
    internal IEnumerable<(string Key, string Number)> Pairs(int parents, int children, int count) =>
        Homed(parents, "errand", "p", count).Select(p => "key-" + p).Zip(Homed(children, "post", "n", count, n => n));
}
