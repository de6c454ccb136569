namespace Perdure.Sqlite.Tests;

/// <summary>A folder of a test's own.</summary>
internal sealed class Place : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("perdure-sqlite-").FullName;

    public string File => Path.Combine(Folder, "perdure.db");

    public void Dispose()
    {
        try
        {
            Directory.Delete(Folder, recursive: true);
        }
        catch (IOException)
        {
            // Something of a failed test is still open; the system cleans up its temporary folder.
        }
    }
}
