//! The libraries that are open, and which file belongs to which.
//!
//! The files below a folder that the editor names are one library, as for every command. A file outside of them is examined
//! together with its neighbours, and one that has no place on the disk by itself.

use std::path::{Path, PathBuf};

use lsp_types::Url;

use crate::disk::Disk;
use crate::document::Open;
use crate::library::Library;

/// Where blueprints are in a project that says nothing else.
const USUAL_FOLDER: &str = "blueprints";

/// What the name of a blueprint file ends with.
const EXTENSION: &str = "blueprint";

/// All libraries that are open.
pub(crate) struct Libraries {
    disk: Box<dyn Disk>,
    open: Vec<Library>,
    /// What could not be read, for people.
    pub(crate) troubles: Vec<String>,
}

impl Libraries {
    pub(crate) fn new(disk: Box<dyn Disk>) -> Self {
        Self { disk, open: Vec::new(), troubles: Vec::new() }
    }

    /// Opens the libraries of a folder of the editor: those that are named, below it, or the usual one.
    pub(crate) fn add_folder(&mut self, root: &Path, named: &[String]) {
        let usual = root.join(USUAL_FOLDER);
        let folders = if !named.is_empty() {
            named.iter().map(|named| root.join(named)).collect()
        } else if self.disk.is_folder(&usual) {
            vec![usual]
        } else {
            vec![root.to_owned()]
        };
        for folder in folders {
            if self.open.iter().any(|library| library.whole && library.folder() == folder) {
                continue;
            }
            let found = self.disk.files_below(&folder);
            self.read(Library::new(folder, true), found);
        }
    }

    /// Closes what was opened for a folder of the editor; what it still has open is examined by itself.
    pub(crate) fn remove_folder(&mut self, root: &Path) {
        let (gone, kept) = std::mem::take(&mut self.open)
            .into_iter()
            .partition(|library: &Library| library.whole && library.folder().starts_with(root));
        self.open = kept;
        for (path, document) in gone.into_iter().flat_map(|library: Library| library.documents) {
            if let Some(open) = document.open {
                self.open(&path, &document.url, open);
            }
        }
    }

    fn read(&mut self, mut library: Library, found: Result<Vec<PathBuf>, String>) {
        let paths = found.unwrap_or_else(|trouble| {
            self.troubles.push(trouble);
            Vec::new()
        });
        for path in paths {
            let Ok(url) = Url::from_file_path(&path) else { continue };
            if let Some(text) = self.text(&path) {
                library.save(&path, &url, Some(text));
            }
        }
        self.open.push(library);
    }

    fn text(&mut self, path: &Path) -> Option<String> {
        self.disk.read(path).unwrap_or_else(|trouble| {
            self.troubles.push(trouble);
            None
        })
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Library> {
        self.open.iter_mut()
    }

    /// The library that a file is in.
    pub(crate) fn of(&mut self, path: &Path) -> Option<&mut Library> {
        self.open.iter_mut().find(|library| library.documents.contains_key(path))
    }

    /// The libraries that a file belongs to by where it is: the innermost first.
    fn place(&self, path: &Path) -> Option<usize> {
        let places = self.open.iter().enumerate().filter(|(_, library)| library.has_place_for(path));
        // A folder that the editor names goes before one that was opened for a file's sake.
        let place = |(_, library): &(usize, &Library)| (library.whole, library.folder().components().count());
        places.max_by_key(place).map(|(n, _)| n)
    }

    /// Takes a file that the editor opens.
    pub(crate) fn open(&mut self, path: &Path, url: &Url, open: Open) {
        if self.place(path).is_none() {
            let folder = path.parent().unwrap_or(path).to_owned();
            let found = if url.scheme() == "file" { self.disk.files_in(&folder) } else { Ok(Vec::new()) };
            self.read(Library::new(folder, false), found);
        }
        if let Some(library) = self.place(path).and_then(|n| self.open.get_mut(n)) {
            library.open(path, url, open);
        }
    }

    /// Changes a file that the editor has open.
    pub(crate) fn change(&mut self, path: &Path, change: impl FnOnce(&mut Open)) {
        let Some(library) = self.of(path) else { return };
        if let Some(open) = library.documents.get_mut(path).and_then(|document| document.open.as_mut()) {
            change(open);
        }
        library.changed();
    }

    /// Takes a file that the editor closes.
    pub(crate) fn close(&mut self, path: &Path) {
        if let Some(library) = self.of(path) {
            library.close(path);
        }
    }

    /// Reads a file anew, or a folder of them, because it has changed on the disk.
    pub(crate) fn reread(&mut self, path: &Path) {
        let Ok(url) = Url::from_file_path(path) else { return };
        if path.extension().is_some_and(|extension| extension == EXTENSION) {
            let text = self.text(path);
            if let Some(library) = self.place(path).and_then(|n| self.open.get_mut(n)) {
                library.save(path, &url, text);
            }
            return;
        }
        // A folder that comes or goes may not be told of file by file.
        let Some(library) = self.place(path).and_then(|n| self.open.get_mut(n)) else { return };
        let below: Vec<_> = library
            .documents
            .keys()
            .filter(|file| file.starts_with(path) && *file != path)
            .cloned()
            .collect();
        let found = if self.disk.is_folder(path) { self.disk.files_below(path) } else { Ok(Vec::new()) };
        let found = found.unwrap_or_default();
        for file in below.iter().chain(&found) {
            self.reread(file);
        }
    }
}

/// The path of a document. One that has no place on the disk has one that no file can have.
pub(crate) fn path_of(url: &Url) -> PathBuf {
    url.to_file_path().unwrap_or_else(|()| PathBuf::from(url.as_str()))
}
