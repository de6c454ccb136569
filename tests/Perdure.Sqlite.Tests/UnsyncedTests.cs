using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Perdure.Sqlite.Native;
using Perdure.StoreConformance;
using SQLitePCL;

namespace Perdure.Sqlite.Tests;

/// <summary>A disk that does not take what is moved from the write-ahead log, and a system that forgets it.</summary>
public sealed class UnsyncedTests : SqliteTest
{
    private const int Instances = 2_000;

    [Fact]
    public async Task What_the_disk_did_not_take_stays_in_the_log_until_the_file_is_opened_anew()
    {
        var store = await Open(Small);
        var disk = await store.Ask(d =>
        {
            // All of it, and nothing is moved any more while the file is read: what the store has written at its start is being moved beside this.
            while (d.Checkpoint(raw.SQLITE_CHECKPOINT_TRUNCATE).Busy) Thread.Yield();
            return System.IO.File.ReadAllBytes(File);
        });
        using (var broken = new BrokenSync(store.Mover))
        {
            await Fill(store);
            Assert.Contains("restart this node", Assert.Single(store.Problems), StringComparison.Ordinal);

            // The next sync would succeed, without what was forgotten.
            broken.Mend();
            await Fill(store);
            await store.Close(Now);
            await store.DisposeAsync();
        }

        // What a machine finds that stopped now: the database as the disk has it, and the log.
        var found = Path.Combine(Directory.CreateDirectory(Path.Combine(Folder, "found")).FullName, "perdure.db");
        await System.IO.File.WriteAllBytesAsync(found, disk, Now);
        System.IO.File.Copy(File + "-wal", found + "-wal");
        var anew = await Open(o =>
        {
            Small(o);
            o.Path = found;
        });
        Assert.Equal(2 * Instances, (await anew.Views.Tallies(Now)).Sum(t => t.Count));
        var length = new FileInfo(found + "-wal").Length;
        await Fill(anew);
        Assert.Empty(anew.Problems);
        Assert.Equal(length, new FileInfo(found + "-wal").Length);
    }

    [Fact]
    public async Task What_was_made_durable_beside_the_writer_needs_no_log()
    {
        var store = await Open(Small);
        await Fill(store);
        await Fill(store);
        Assert.Empty(store.Problems);
        Assert.InRange(new FileInfo(File + "-wal").Length, 1, 2 * 1024 * 1024);
    }

    private static void Small(SqliteStoreOptions options) => (options.CheckpointBytes, options.WalBytesMax) = (64 * 1024, 512 * 1024);

    // Several times what the log may hold, so that it would begin anew.
    private async Task Fill(SqliteStore store)
    {
        for (var i = 0; i < Instances; i += 50) await Must(store, [.. Enumerable.Range(0, 50).Select(_ => new Life().Start())]);
    }

    // SQLite's own methods of one open file, but for the sync.
    private sealed unsafe class BrokenSync : IDisposable
    {
        private const int Methods = 19;         // of version 3, with the version itself
        private readonly nint** _file;
        private readonly nint* _right;
        private readonly nint* _wrong;
        private bool _isMended;

        public BrokenSync(Database database)
        {
            nint** file;
            fixed (byte* main = "main\0"u8) _ = Sqlite3.FileControl(database.Handle.DangerousGetHandle(), main, 7, &file);
            _file = file;
            _right = *file;
            _wrong = (nint*)NativeMemory.Alloc(Methods, (nuint)sizeof(nint));
            new ReadOnlySpan<nint>(_right, Methods).CopyTo(new(_wrong, Methods));
            _wrong[5] = (nint)(delegate* unmanaged[Cdecl]<void*, int, int>)&Fail;
            *_file = _wrong;
        }

        public void Mend()
        {
            *_file = _right;
            _isMended = true;
        }

        // Where it was mended, the file may be gone; where a test fails before that, it is not, and goes on without these.
        public void Dispose()
        {
            if (!_isMended) Mend();
            NativeMemory.Free(_wrong);
        }

        [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
        private static int Fail(void* file, int flags) => raw.SQLITE_IOERR_FSYNC;
    }
}
