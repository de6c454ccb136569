namespace Perdure.AspNetCore.Tests;

/// <summary>A folder for a while.</summary>
internal sealed class Folder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("perdure-http-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
