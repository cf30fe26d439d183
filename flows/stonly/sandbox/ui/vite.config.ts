import { createHash } from 'node:crypto'
import path from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// Class names look as such consoles have them ("Profile__CardProfile_x7f2a"): the file's name, the
// rule's name, and a few characters that nobody can lean on. They depend on nothing but these two,
// so that the same sources give the same bytes everywhere.
function scopedName(local: string, file: string): string {
  const block = path.basename(file.split('?')[0]).replace('.module.css', '')
  const tail = createHash('sha256').update(`${block}/${local}`).digest('base64url').replace(/[-_]/g, 'x')
  return `${block}__${local}_${tail.slice(0, 5)}`
}

export default defineConfig({
  plugins: [react()],
  css: { modules: { generateScopedName: scopedName } },
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    sourcemap: false,
    cssCodeSplit: false,
    assetsDir: 'assets',
    rollupOptions: {
      output: {
        entryFileNames: 'assets/app.js',
        chunkFileNames: 'assets/[name].js',
        assetFileNames: 'assets/app[extname]',
      },
    },
  },
})
