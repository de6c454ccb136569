using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.StoreConformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task An_acknowledged_start_exists()
    {
        var life = new Life(businessKey: "order-1");
        var item = life.Start(priority: 3);
        await Must(item);

        var stored = await Loaded(life.Id);
        var row = stored.Row;
        Assert.Equal((life.Id, "default", Orders.Workflow, 1), (row.Id, row.Namespace, row.Workflow, row.WorkflowVersion));
        Assert.Equal((life.RequestKey, "order-1", Orders.Received, Status.Running), (row.RequestKey, row.BusinessKey, row.State, row.Status));
        Assert.Equal((1, 3, item.At, item.At), (row.Visit, row.Priority, row.CreatedAt, row.UpdatedAt));
        Assert.Equal(life.Salt, row.Salt.ToArray());
        Assert.Equal((1L, item.At), (stored.First.Version, stored.First.At));
        Assert.Equal(item.Body.ToArray(), stored.First.Body.ToArray());
        Assert.Equal(item.Hash.ToArray(), stored.First.Hash.ToArray());
        Assert.Equal(stored.First.Position, stored.Checkpoint.Position);
        Assert.Empty(stored.Tail);
    }

    [Fact]
    public async Task A_request_key_belongs_to_one_instance()
    {
        var (first, again) = (new Life("k"), new Life("k"));
        var item = first.Start();
        await Must(item);
        var taken = Assert.IsType<ItemAnswer.KeyTaken>(Assert.Single(await Commit(again.Start())));
        Assert.Equal((first.Id, 1, item.At), (taken.Key.Instance, taken.Key.WorkflowVersion, taken.Key.CreatedAt));
        Assert.Equal(Life.PayloadHash, taken.Key.PayloadHash.ToArray());
        Assert.Null(await Store.Load(again.Id, Now));
        var found = await Store.FindKey("default", Orders.Workflow, "k", Now);
        Assert.Equal(first.Id, found!.Instance);
        Assert.Null(await Store.FindKey("default", Orders.Workflow, "another", Now));
        Assert.Null(await Store.FindKey("elsewhere", Orders.Workflow, "k", Now));
    }

    [Fact]
    public async Task A_request_key_is_unique_within_a_batch_too()
    {
        var (first, again) = (new Life("k"), new Life("k"));
        var answers = await Commit(first.Start(), again.Start(), first.Turn());
        Assert.IsType<ItemAnswer.Committed>(answers[0]);
        Assert.Equal(first.Id, Assert.IsType<ItemAnswer.KeyTaken>(answers[1]).Key.Instance);
        Assert.IsType<ItemAnswer.Committed>(answers[2]);
    }

    [Fact]
    public async Task Keys_are_apart_by_namespace_and_workflow()
    {
        await Store.Register(Orders.Map(workflow: "returns"), Now);
        await Must(new Life("k", "b").Start(), new Life("k", "b", "other").Start(), new Life("k", "b", workflow: "returns").Start());
    }

    [Fact]
    public async Task A_business_key_belongs_to_one_instance_and_a_refused_start_takes_nothing()
    {
        var (first, other) = (new Life("k1", "order-1"), new Life("k2", "order-1"));
        await Must(first.Start());
        var taken = Assert.IsType<ItemAnswer.BusinessKeyTaken>(Assert.Single(await Commit(other.Start())));
        Assert.Equal(first.Id, taken.Instance);
        Assert.Null(await Store.FindKey("default", Orders.Workflow, "k2", Now));
        await Must(new Life("k2", "order-2").Start());
        Assert.Equal(first.Id, (await Store.Views.FindByBusinessKey("default", Orders.Workflow, "order-1", Now))!.Id);
        Assert.Null(await Store.Views.FindByBusinessKey("default", Orders.Workflow, "order-3", Now));
    }

    [Fact]
    public async Task A_repeated_start_is_told_of_its_request_key_first()
    {
        var first = new Life("k", "order-1");
        await Must(first.Start());
        Assert.IsType<ItemAnswer.KeyTaken>(Assert.Single(await Commit(new Life("k", "order-1").Start())));
    }

    [Fact]
    public async Task What_follows_a_refused_start_in_its_batch_is_skipped()
    {
        await Must(new Life("k").Start());
        var (again, fine) = (new Life("k"), new Life());
        var answers = await Commit(again.Start(), again.Turn(tokens: [Life.Token(1, "reserve")]), fine.Start(), again.Turn());
        Assert.IsType<ItemAnswer.KeyTaken>(answers[0]);
        Assert.IsType<ItemAnswer.Skipped>(answers[1]);
        Assert.IsType<ItemAnswer.Committed>(answers[2]);
        Assert.IsType<ItemAnswer.Skipped>(answers[3]);
    }

    [Fact]
    public async Task A_start_of_a_map_that_is_not_registered_is_refused()
    {
        Assert.IsType<ItemAnswer.Refused>(Assert.Single(await Commit(new Life(workflowVersion: 9).Start())));
        Assert.IsType<ItemAnswer.Refused>(Assert.Single(await Commit(new Life(workflow: "unknown").Start())));
    }

    [Fact]
    public async Task Texts_of_every_kind_come_back_as_they_were()
    {
        foreach (var text in new[] { "a'b\"c;--", "ключ-鍵-🔑", new string('k', 5_000), " ", "a\u0000b" })
        {
            var life = new Life(text, "b" + text, text);
            await Must(life.Start());
            var row = (await Loaded(life.Id)).Row;
            Assert.Equal((text, "b" + text, text), (row.RequestKey, row.BusinessKey, row.Namespace));
            Assert.Equal(life.Id, (await Store.FindKey(text, Orders.Workflow, text, Now))!.Instance);
        }
    }
}
