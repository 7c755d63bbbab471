-- Blueprints in Neovim (0.10 or later): put this file into `plugin/` of your configuration.
--
-- It starts `orderwright lsp` for `*.blueprint` files. Another program than the one on the PATH is named by
-- `vim.g.orderwright_path`, folders of libraries by `vim.g.orderwright_folders`.

vim.filetype.add({ extension = { blueprint = "blueprint" } })

local group = vim.api.nvim_create_augroup("orderwright", { clear = true })

--- The folder that the server has open: that of the repository, or else that of the file.
local function root(buffer)
  return vim.fs.root(buffer, { "blueprints", ".git" }) or vim.fs.dirname(vim.api.nvim_buf_get_name(buffer))
end

vim.api.nvim_create_autocmd("FileType", {
  group = group,
  pattern = "blueprint",
  callback = function(event)
    vim.bo[event.buf].commentstring = "// %s"
    vim.bo[event.buf].shiftwidth = 2
    vim.bo[event.buf].expandtab = true
    vim.lsp.start({
      name = "orderwright",
      cmd = { vim.g.orderwright_path or "orderwright", "lsp" },
      root_dir = root(event.buf),
      init_options = { folders = vim.g.orderwright_folders or {} },
    })
  end,
})

vim.api.nvim_create_autocmd("LspAttach", {
  group = group,
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if not client or client.name ~= "orderwright" then
      return
    end
    vim.api.nvim_create_autocmd("BufWritePre", {
      group = group,
      buffer = event.buf,
      callback = function()
        vim.lsp.buf.format({ bufnr = event.buf, id = client.id, timeout_ms = 2000 })
      end,
    })
  end,
})
