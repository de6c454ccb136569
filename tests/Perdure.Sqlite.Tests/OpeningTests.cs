using System.Text;
using Microsoft.Data.Sqlite;
using Perdure.StoreConformance;

namespace Perdure.Sqlite.Tests;

/// <summary>A file that cannot be used says why, at once, with what to do, and is left as it was.</summary>
public sealed class OpeningTests : SqliteTest
{
    [Fact]
    public async Task A_second_owner_is_refused_at_once_and_told_who_holds_it()
    {
        await Open();
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        var held = await Refuses(New(File));
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(3));
        Assert.Equal("store.held", held.Code);
        Assert.Contains("process 4711 on host-1 since 20", held.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_owner_goes_on_after_a_second_was_refused()
    {
        var store = await Open();
        await Refuses(New(File));
        await Must(store, new Life().Start());
    }

    [Fact]
    public async Task The_folder_is_made()
    {
        var file = Path.Combine(Folder, "a", "b", "c.db");
        await using var store = New(file);
        await store.Open(new("h", 1, "b"), Now);
        Assert.True(System.IO.File.Exists(file));
    }

    [Fact]
    public async Task A_place_that_cannot_be_made_is_named()
    {
        System.IO.File.WriteAllText(Path.Combine(Folder, "file"), "");
        var file = Path.Combine(Folder, "file", "perdure.db");
        var refused = await Refuses(New(file));
        Assert.Equal("store.unavailable", refused.Code);
        Assert.Contains(file, refused.Message, StringComparison.Ordinal);
        Assert.Equal("store.unavailable", (await Refuses(New(Folder))).Code);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_is_named()
    {
        // The kernel's own files can be written by nobody, not even by root.
        if (!Directory.Exists("/proc/self")) Assert.Skip("There is no folder here that nobody can write.");
        var refused = await Refuses(New("/proc/self/perdure.db"));
        Assert.Contains(refused.Code, new[] { "store.read-only", "store.unavailable" });
        Assert.Contains("/proc/self/perdure.db", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_corrupt()
    {
        System.IO.File.WriteAllBytes(File, Encoding.UTF8.GetBytes(new string('x', 5_000)));
        Assert.Equal("store.corrupt", (await Refuses(New(File))).Code);
        Assert.Equal(5_000, new FileInfo(File).Length);
    }

    [Fact]
    public async Task A_damaged_database_is_corrupt()
    {
        await using (var store = await Open())
        {
            await Must(store, new Life().Start());
            await store.Close(Now);
        }
        var bytes = System.IO.File.ReadAllBytes(File);
        Random.Shared.NextBytes(bytes.AsSpan(100, 8_000));
        System.IO.File.WriteAllBytes(File, bytes);
        Assert.Equal("store.corrupt", (await Refuses(New(File))).Code);
    }

    [Theory]
    [InlineData("CREATE TABLE theirs (id INTEGER)")]
    [InlineData("PRAGMA application_id = 4711")]
    public async Task The_database_of_another_application_is_foreign_and_not_touched(string theirs)
    {
        using (var shell = Shell.Open(File)) shell.Run(theirs);
        var before = System.IO.File.ReadAllBytes(File);
        Assert.Equal("store.foreign", (await Refuses(New(File))).Code);
        Assert.Equal(before, System.IO.File.ReadAllBytes(File));
        Assert.False(System.IO.File.Exists(File + "-wal"));
    }

    [Fact]
    public async Task A_newer_schema_is_refused_and_not_touched()
    {
        await using (var store = await Open()) await store.Close(Now);
        using (var shell = Shell.Open(File)) shell.Run("PRAGMA user_version = 99");
        var refused = await Refuses(New(File));
        Assert.Equal("store.newer", refused.Code);
        Assert.Contains("schema 99", refused.Message, StringComparison.Ordinal);
        using (var shell = Shell.Open(File)) Assert.Equal(99, shell.One<long>("PRAGMA user_version"));
    }

    [Fact]
    public async Task An_older_schema_is_moved_forward_step_by_step_with_all_that_it_holds()
    {
        var next = Files.StoreFile.SchemaVersion + 1;
        var life = new Life();
        await using (var store = await Open())
        {
            await Must(store, life.Start());
            await store.Close(Now);
        }
        using (var database = Native.Database.Open(File, readOnly: false, TimeSpan.FromSeconds(1)))
            Files.StoreFile.Migrate(database, [.. Native.SqlText.Schema(), (next + 1, "CREATE INDEX note_by_text ON note (text)"), (next, "CREATE TABLE note (text TEXT); INSERT INTO note SELECT name FROM state WHERE id = 1")],
                Life.Day, "build-2");
        using var shell = Shell.Open(File);
        Assert.Equal(string.Join(',', Enumerable.Range(1, next + 1)), shell.One<string>("SELECT group_concat(version) FROM (SELECT version FROM schema_version ORDER BY version)"));
        Assert.Equal((next + 1L, Orders.Received, 1L), (shell.One<long>("PRAGMA user_version"), shell.One<string>("SELECT text FROM note"), shell.One<long>("SELECT count(*) FROM log")));
        Assert.Equal("build-2", shell.One<string>("SELECT build FROM schema_version ORDER BY version DESC LIMIT 1"));
    }

    [Fact]
    public async Task A_step_forward_that_fails_leaves_the_schema_as_it_was()
    {
        await using (var store = await Open()) await store.Close(Now);
        using (var database = Native.Database.Open(File, readOnly: false, TimeSpan.FromSeconds(1)))
            Assert.Throws<Native.SqliteFault>(() => Files.StoreFile.Migrate(database, [.. Native.SqlText.Schema(), (Files.StoreFile.SchemaVersion + 1, "CREATE TABLE note (text TEXT)"), (Files.StoreFile.SchemaVersion + 2, "CREATE TABLE note (text TEXT)")], Life.Day, "b"));
        using (var shell = Shell.Open(File)) Assert.Equal(((long)Files.StoreFile.SchemaVersion, 0L), (shell.One<long>("PRAGMA user_version"), shell.One<long>("SELECT count(*) FROM sqlite_schema WHERE name = 'note'")));
        await Must(await Open(), new Life().Start());
    }

    [Fact]
    public async Task An_empty_file_becomes_a_store()
    {
        System.IO.File.WriteAllBytes(File, []);
        await Must(await Open(), new Life().Start());
    }

    [Fact]
    public async Task Its_settings_are_what_durability_needs()
    {
        var store = await Open();
        Assert.Equal("wal,2,0,0", await store.Ask(d => $"{d.Text("PRAGMA journal_mode")},{d.Number("PRAGMA synchronous")},{d.Number("PRAGMA foreign_keys")},{d.Number("PRAGMA wal_autocheckpoint")}"));
        using var shell = Shell.Open(File);
        Assert.Equal(((long)Files.StoreFile.SchemaVersion, 0x50657264L), (shell.One<long>("PRAGMA user_version"), shell.One<long>("PRAGMA application_id")));
        Assert.Equal((long)Files.StoreFile.SchemaVersion, shell.One<long>("SELECT max(version) FROM schema_version"));
    }

    [Fact]
    public async Task A_store_that_is_closed_says_so()
    {
        var store = await Open();
        await store.DisposeAsync();
        Assert.Equal("store.closed", (await Assert.ThrowsAsync<Ports.StoreException>(() => store.Load(default, Now))).Code);
    }
}
