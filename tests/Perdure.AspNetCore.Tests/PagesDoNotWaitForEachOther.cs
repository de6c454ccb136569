namespace Perdure.AspNetCore.Tests;

/// <summary>What one sink does, and how much is owed, holds up no other sink and no new page.</summary>
public sealed class PagesDoNotWaitForEachOther
{
    private static ToldSink Log() => new("log", (_, _) => Task.CompletedTask);

    [Fact]
    public async Task A_new_page_is_logged_at_once_while_a_webhook_hangs_over_twenty_others()
    {
        var webhook = new ToldSink("webhook", (_, stop) => Task.Delay(Timeout.Infinite, stop));
        var log = Log();
        await using var owed = new OwedToSomebody(webhook, log);
        owed.Owe(Enumerable.Range(1, 20).Select(i => $"old {i}"));
        await owed.Start();
        await owed.Until(() => webhook.Given.Count >= 4, "the webhook hangs");
        owed.Owe("new");
        await owed.Until(() => log.Given.Contains("new"), "the new page is logged");
        await owed.Until(() => log.Given.Count == 21, "all are logged");
        Assert.Equal(21, log.Given.Distinct().Count());
        Assert.True(owed.IsOwed("new"));     // the webhook has not acknowledged it
        Assert.Equal(4, webhook.Given.Count);
    }

    [Fact]
    public async Task Pages_that_nobody_takes_keep_no_new_one_from_being_tried()
    {
        var refuses = true;
        var webhook = new ToldSink("webhook", (page, _) => refuses || page.Page.Key != "new" ? Task.FromException(new HttpRequestException("503")) : Task.CompletedTask);
        var log = Log();
        await using var owed = new OwedToSomebody(log, webhook);
        var old = Enumerable.Range(1, 1_200).Select(i => $"old {i}").ToList();
        owed.Owe(old);
        await owed.Start();
        await owed.Until(() => webhook.Given.Distinct().Count() == 1_200, "every old page is tried");
        var before = webhook.Given.Count;
        refuses = false;
        owed.Owe("new");
        await owed.Until(() => !owed.IsOwed("new"), "the new page is delivered");
        // The old ones were tried again no more often than they had been handed out already.
        var after = webhook.Given.Skip(before).TakeWhile(key => key != "new").CountBy(key => key);
        Assert.All(after, tried => Assert.InRange(tried.Value, 0, 3));
        Assert.Equal(1_201, log.Given.Distinct().Count());
        Assert.Equal(1_201, log.Given.Count);
        // And the old ones go on being tried.
        var so = webhook.Given.Count;
        await owed.Until(() => webhook.Given.Skip(so).Distinct().Count() == 1_200, "every old page is tried again");
    }

    [Fact]
    public async Task Of_more_pages_than_are_kept_in_memory_each_has_its_turn()
    {
        var tried = new System.Collections.Concurrent.ConcurrentDictionary<string, bool>();
        var webhook = new ToldSink("webhook", (page, _) =>
        {
            tried[page.Page.Key] = true;
            return Task.FromException(new HttpRequestException("503"));
        });
        await using var owed = new OwedToSomebody(webhook);
        owed.Owe(Enumerable.Range(1, 10_700).Select(i => $"old {i}"));
        await owed.Start();
        await owed.Until(() => tried.Count == 10_700, "every page is tried");
    }

    [Fact]
    public async Task A_page_that_is_acknowledged_while_the_owed_are_read_is_not_delivered_again()
    {
        var (acknowledges, reads, goes) = (OwedToSomebody.Source(), OwedToSomebody.Source(), OwedToSomebody.Source());
        var log = new ToldSink("log", (page, stop) => page.Page.Key == "first" ? acknowledges.Task.WaitAsync(stop) : Task.CompletedTask);
        await using var owed = new OwedToSomebody(log);
        owed.Owe("first");
        await owed.Start();
        await owed.Until(() => log.Given.Count == 1, "the first is being delivered");
        owed.ReadHeld = () =>
        {
            reads.TrySetResult();
            return goes.Task;
        };
        owed.Owe("second");
        await owed.Until(reads.Task, "the owed are read, the first among them");
        acknowledges.SetResult();
        await owed.Until(() => !owed.IsOwed("first"), "the first is acknowledged");
        goes.SetResult();
        owed.Owe("third");
        await owed.Until(() => !owed.IsOwed("third") && !owed.IsOwed("second"), "the others are delivered");
        Assert.Equal(["first", "second", "third"], log.Given.Order());
    }

    [Fact]
    public async Task A_page_whose_mark_failed_is_marked_later_and_not_delivered_again()
    {
        var fails = 3;
        var log = Log();
        await using var owed = new OwedToSomebody(log);
        owed.Marks = (_, delivered) =>
        {
            if (delivered && fails-- > 0) throw new Ports.StoreException("store.unavailable", "The store is away.");
        };
        owed.Owe("page");
        await owed.Start();
        await owed.Until(() => !owed.IsOwed("page"), "the page is marked");
        Assert.Equal(["page"], log.Given);
        Assert.Equal(1, owed.Tries("page"));
    }

    [Fact]
    public async Task A_page_counts_as_delivered_once_every_sink_has_it_and_each_gets_it_until_then()
    {
        var refusals = 3;
        var (log, webhook) = (Log(), new ToldSink("webhook", (_, _) => refusals-- > 0 ? Task.FromException(new HttpRequestException("503")) : Task.CompletedTask));
        await using var owed = new OwedToSomebody(log, webhook);
        owed.Owe("page");
        await owed.Start();
        await owed.Until(() => !owed.IsOwed("page"), "the page is delivered");
        Assert.Equal((1, 4, 4), (log.Given.Count, webhook.Given.Count, owed.Tries("page")));
    }
}
